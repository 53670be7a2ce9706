"""A fake API Gateway: it sends events to the functions, and counts what AWS bills for.

The events have the fields that the handlers and the access log read, in the shape of captured ones.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final
from uuid import UUID

from benchmarks.handler_process import HandlerProcess
from benchmarks.metered import Json, Meter
from tools import ToolError

_ROUTES: Final = {"CONNECT": "$connect", "MESSAGE": "$default", "DISCONNECT": "$disconnect"}
_EVENT_AGE_MS: Final = 200
"""So that a latency in the log has three digits on any machine."""

_VALUES: Final = re.compile(r"(?<=\[)[0-9.]+(?=\])")
"""The values of metrics, whose digits differ from run to run."""


@dataclass(slots=True)
class Counts:
    """What AWS bills for. `invocations`, and `calls` to other services, are by function.

    `frames` and `lines` hold the bytes of each; `lines` leaves out those that Lambda writes.
    """

    invocations: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    frames: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    write_units: int = 0
    read_units: float = 0


class Gateway:
    """The actions of clients of a stage, one at a time; `metrics` are those that were written."""

    def __init__(
        self, functions: Mapping[str, HandlerProcess], meter: Meter, access_log: str
    ) -> None:
        """Take the functions by name, and the format of the access log."""
        self.metrics: set[str] = set()
        self._functions = functions
        self._meter = meter
        self._access_log = access_log
        self._counts = Counts()
        self._numbers = count(100)

    def counts(self) -> Counts:
        """Return what was counted since the last call."""
        done, self._counts = self._counts, Counts()
        return done

    def connect(self, token: str) -> Json:
        """Open a connection and return the `requestContext` that its events share."""
        connection = {
            "connectionId": f"V7mQkd0fDoECJ{next(self._numbers)}=",
            "connectedAt": _now() - _EVENT_AGE_MS,
            "domainName": "k3vq8x1m2c.execute-api.us-east-1.amazonaws.com",
            "stage": "prod",
        }
        self._counts.connections += 1
        handshake = {"headers": {}, "queryStringParameters": {"token": token}}
        if "authorizer" in self._functions:
            arn = "arn:aws:execute-api:us-east-1:123456789012:k3vq8x1m2c/prod/$connect"
            event = _event("CONNECT", connection, methodArn=arn, **handshake)
            allowed = self.invoke("authorizer", event)
            connection["authorizer"] = {**allowed["context"], "principalId": "frontend"}
        self._route("connect", _event("CONNECT", connection, **handshake))
        return connection

    def send(self, connection: Json, frame: Json) -> Json:
        """Send a frame and return the reply to it."""
        body = json.dumps(frame)
        response = self._route("default", _event("MESSAGE", connection, body=body))
        self._counts.frames += [len(body), len(response["body"].encode())]
        reply: Json = json.loads(response["body"])
        return reply

    def disconnect(self, connection: Json) -> None:
        """Close a connection."""
        closed = {**connection, "disconnectStatusCode": 1000}
        self._route("disconnect", _event("DISCONNECT", closed))

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
        if response["statusCode"] != 200:  # noqa: PLR2004 - HTTP's OK
            raise ToolError(f"{name} answered {response}")
        self._counts.lines.append(len(_access_line(self._access_log, event["requestContext"])))
        return response


def _now() -> int:
    return time.time_ns() // 1_000_000


def _event(type_: str, connection: Json, **more: Any) -> Json:
    request = {
        "eventType": type_,
        "routeKey": _ROUTES[type_],
        "requestId": "V7mRAE3KDoEFk4Q=",
        "extendedRequestId": "V7mRAE3KDoEFk4Q=",
        "requestTime": "23/Nov/2026:09:30:02 +0000",
        "requestTimeEpoch": _now() - _EVENT_AGE_MS,
    }
    return {"requestContext": {**connection, **request}, **more}


def _access_line(log_format: str, context: Json) -> str:
    """Return a line of the access log; a variable without a value is a dash in it."""
    called = {"status": 200, "latency": 30, "requestId": UUID(int=0)}
    known = {
        **context,
        **{f"integration.{name}": value for name, value in called.items()},
        "integrationLatency": called["latency"],
        "status": called["status"],
    }
    if context["eventType"] == "CONNECT":
        known |= {f"authorizer.{name}": value for name, value in called.items()}
    return re.sub(r"\$context\.([\w.]+)", lambda it: str(known.get(it[1], "-")), log_format)


def _metrics(line: str) -> set[str]:
    """Return the custom metrics that a line of CloudWatch's embedded format is billed as."""
    written = json.loads(line)
    return {
        json.dumps([listed["Namespace"], metric["Name"], *(written[name] for name in dimensions)])
        for listed in written.get("_aws", {}).get("CloudWatchMetrics", [])
        for metric in listed["Metrics"]
        for dimensions in listed["Dimensions"]
    }
