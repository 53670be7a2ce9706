"""A fake API Gateway: it sends events to the functions, and counts what AWS bills for."""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Final
from uuid import UUID

from benchmarks.gateway_events import (
    access_line,
    authorizer_event,
    connection_event,
    http_access_line,
    http_event,
    new_connection,
)
from benchmarks.handler_process import HandlerProcess
from benchmarks.metered import Json, Meter
from tools import ToolError

_VALUES: Final = re.compile(r"(?<=\[)[0-9.]+(?=\])")
"""The values of metrics, whose digits differ from run to run."""


@dataclass(slots=True)
class Counts:
    """What AWS bills for. `invocations`, and `calls` to other services, are by function.

    `frames`, `requests` and `lines` hold the bytes of each, of a request those of its answer where
    these are more; `lines` leaves out those that Lambda writes. A browser's `preflights` are no
    `requests`.
    """

    invocations: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    frames: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    preflights: int = 0
    lines: list[int] = field(default_factory=list)
    write_units: int = 0
    read_units: float = 0


@dataclass(frozen=True, slots=True)
class Apis:
    """What the APIs of a stage are set to: the formats of their access logs.

    And for how many seconds the HTTP API keeps what the authorizer answered for a token.
    """

    access_log: str
    http_access_log: str
    authorized_seconds: int


class Gateway:
    """The actions of clients of a stage, one at a time; `metrics` are those that were written."""

    def __init__(self, functions: Mapping[str, HandlerProcess], meter: Meter, apis: Apis) -> None:
        """Take the functions by name."""
        self.metrics: set[str] = set()
        self._functions = functions
        self._meter = meter
        self._apis = apis
        self._counts = Counts()
        self._authorized: dict[str, tuple[float, Json]] = {}
        self._numbers = count(100)

    def counts(self) -> Counts:
        """Return what was counted since the last call, and begin anew, with nothing cached."""
        done, self._counts = self._counts, Counts()
        self._authorized.clear()
        return done

    def connect(self, token: str) -> Json:
        """Open a connection and return the `requestContext` that its events share."""
        connection = new_connection(next(self._numbers))
        self._counts.connections += 1
        handshake = {"headers": {}, "queryStringParameters": {"token": token}}
        if "authorizer" in self._functions:
            arn = "arn:aws:execute-api:us-east-1:123456789012:k3vq8x1m2c/prod/$connect"
            event = connection_event("CONNECT", connection, methodArn=arn, **handshake)
            allowed = self.invoke("authorizer", event)
            connection["authorizer"] = {**allowed["context"], "principalId": "frontend"}
        self._route("connect", connection_event("CONNECT", connection, **handshake))
        return connection

    def send(self, connection: Json, frame: Json) -> Json:
        """Send a frame and return the reply to it."""
        body = json.dumps(frame)
        response = self._route("default", connection_event("MESSAGE", connection, body=body))
        self._counts.frames += [len(body), len(response["body"].encode())]
        reply: Json = json.loads(response["body"])
        return reply

    def disconnect(self, connection: Json) -> None:
        """Close a connection."""
        closed = {**connection, "disconnectStatusCode": 1000}
        self._route("disconnect", connection_event("DISCONNECT", closed))

    def preflight(self) -> None:
        """Ask whether a page may ask: API Gateway answers it, without a function."""
        self._counts.preflights += 1

    def request(self, route: str, token: str, body: Json, *, at: float = 0.0) -> Json:
        """Send a request over HTTPS, `at` so many seconds, and return the frame that answers it."""
        text = json.dumps(body)
        event = http_event(route, token, text)
        if "authorizer" in self._functions:
            event["requestContext"]["authorizer"] = {"lambda": self._authorize(event, token, at)}
        response = self.invoke("default", event)
        _require_ok("default", response)
        answer: str = response["body"]
        counts, size = self._counts, len(answer.encode())
        counts.requests.append(max(len(text), size))
        line = http_access_line(self._apis.http_access_log, event["requestContext"], size)
        counts.lines.append(len(line))
        reply: Json = json.loads(answer)
        return reply

    def _authorize(self, event: Json, token: str, at: float) -> Json:
        until, context = self._authorized.get(token, (-math.inf, {}))
        if at >= until:
            answer = self.invoke("authorizer", authorizer_event(event))
            if not answer["isAuthorized"]:
                raise ToolError(f"the authorizer answered {answer}")
            context = answer["context"]
            self._authorized[token] = (at + self._apis.authorized_seconds, context)
        return context

    def invoke(self, name: str, event: Json) -> Json:
        """Invoke a function and return its response."""
        before = replace(self._meter)
        context = {"aws_request_id": str(UUID(int=next(self._numbers)))}
        response, lines = self._functions[name].invoke(event, context)
        counts, now = self._counts, self._meter
        counts.invocations[name] += 1
        counts.calls[name] += now.calls - before.calls
        counts.write_units += now.write_units - before.write_units
        counts.read_units += now.read_units - before.read_units
        counts.frames += now.posts[len(before.posts) :]
        counts.lines += [len(_VALUES.sub("10.0", line).encode()) for line in lines]
        self.metrics.update(metric for line in lines for metric in _metrics(line))
        return response  # type: ignore[no-any-return] # JSON: each handler has its own shape

    def _route(self, name: str, event: Json) -> Json:
        response = self.invoke(name, event)
        _require_ok(name, response)
        line = access_line(self._apis.access_log, event["requestContext"])
        self._counts.lines.append(len(line))
        return response


def _require_ok(name: str, response: Json) -> None:
    if response["statusCode"] != 200:  # noqa: PLR2004 - HTTP's OK
        raise ToolError(f"{name} answered {response}")


def _metrics(line: str) -> set[str]:
    """Return the custom metrics that a line of CloudWatch's embedded format is billed as."""
    written = json.loads(line)
    return {
        json.dumps([listed["Namespace"], metric["Name"], *(written[name] for name in dimensions)])
        for listed in written.get("_aws", {}).get("CloudWatchMetrics", [])
        for metric in listed["Metrics"]
        for dimensions in listed["Dimensions"]
    }
