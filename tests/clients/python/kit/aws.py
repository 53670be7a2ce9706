"""AWS on loopback: an HTTP server that answers each request of botocore from a test's list."""

import http.server
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

import boto3
import pytest

from tests.clients.python.kit.server import TIMEOUT

SESSION = boto3.Session("test", "test", region_name="eu-west-1")
"""Shared, as its first client takes half a second."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of AWS; `silent`: none, until the test ends."""

    body: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False


SILENCE = Answer("", silent=True)


@dataclass(slots=True)
class Aws:
    """The requests: the path and the body of each, and its region."""

    answers: deque[Answer]
    requests: list[tuple[str, str]] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)
    endpoint: str = ""

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.requests]


def rejected(status: int, code: str, message: str = "No") -> Answer:
    """Return an error of AWS's JSON protocols."""
    headers = {"x-amzn-ErrorType": code, "x-amzn-RequestId": "r-1"}
    return Answer(json.dumps({"Message": message, "message": message}), status, headers)


def stack_outputs(**outputs: str) -> Answer:
    """Return the answer of CloudFormation, in its XML."""
    members = "".join(
        f"<member><OutputKey>{name}</OutputKey><OutputValue>{escape(value)}</OutputValue></member>"
        for name, value in outputs.items()
    )
    return Answer(
        '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">'
        "<DescribeStacksResult><Stacks><member><StackName>s</StackName>"
        f"<Outputs>{members}</Outputs></member></Stacks></DescribeStacksResult>"
        "</DescribeStacksResponse>"
    )


@contextmanager
def aws(monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> Iterator[Aws]:
    """Serve boto3; the last answer is for every further request, too."""
    here = Aws(deque(answers))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            here.requests.append((self.path, body))
            scope = self.headers["Authorization"].split("/")  # the key, the day, the region, ...
            here.regions.append(scope[2])
            answer = here.answers.popleft() if len(here.answers) > 1 else here.answers[0]
            if answer.silent:
                here.ending.wait(TIMEOUT)
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body.encode())))
            self.end_headers()
            self.wfile.write(answer.body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        here.endpoint = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", here.endpoint)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", SESSION)
        try:
            yield here
        finally:
            here.ending.set()
            server.shutdown()
            thread.join()
