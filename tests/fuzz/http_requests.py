"""Requests over HTTPS, given to `default` and to the authorizer as API Gateway gives them."""

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from lambdas.layer.auth.principal import Identity, Principal, principal
from tests.fuzz.functions import CONTEXT, authorize_request, functions, invoke
from tests.fuzz.oracle import checked, identity_of, require
from tests.fuzz.recorder import REQUEST_ID, Recorder
from tests.kit.events import captured
from tests.kit.tokens import KEYS, NOW

PUBLISH: Final = "POST /publish"
POLL: Final = "POST /notifications"

_EVENT: Final = captured("http_notifications")
_AUTHORIZE: Final = captured("http_authorize")
_STATUS: Final = {
    "receipt": 200,
    "notifications": 200,
    "invalid_json": 400,
    "invalid_message": 400,
    "forbidden": 403,
    "too_large": 413,
}
"""Of docs/protocol.md, by the type of the frame, or its code."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request; `context` is what the authorizer left.

    `headers` by their names in lower case, without the length of the body. `listed`: whether the
    origin among them is one that the stage answers. `counted`: whether the length is handed on.
    `event_fields`: other fields of the event.
    """

    route: str
    body: bytes
    context: Any
    headers: Mapping[str, str]
    listed: bool = True
    counted: bool = True
    event_fields: Mapping[str, Any] | None = None

    @property
    def event(self) -> dict[str, Any]:
        """The event that API Gateway makes of it."""
        length = {"content-length": str(len(self.body))} if self.counted else {}
        authorizer = {"lambda": self.context}
        context = {"routeKey": self.route, "requestId": REQUEST_ID, "authorizer": authorizer}
        event = {
            **_EVENT,
            "routeKey": self.route,
            "headers": {"host": _EVENT["headers"]["host"], **self.headers, **length},
            "requestContext": {**_EVENT["requestContext"], **context},
            "isBase64Encoded": False,
            **(self.event_fields or {}),
        }
        del event["body"]
        if self.body and self._is_named_text:
            event["body"] = self.body.decode(errors="replace")
        elif self.body:
            event |= {"body": base64_of(self.body), "isBase64Encoded": True}
        return event

    @property
    def text(self) -> str | None:
        """What the body says; None where it is not UTF-8, and that can be seen."""
        with suppress(UnicodeDecodeError):
            return self.body.decode()
        replaced = self.body.decode(errors="replace")
        seen = self.counted and len(replaced.encode()) != len(self.body)
        return None if seen or not self._is_named_text else replaced

    @property
    def _is_named_text(self) -> bool:
        named = self.headers.get("content-type", "").partition(";")[0]
        return named.startswith("text/") or named == "application/json"


def base64_of(data: bytes) -> str:
    """Return the data in Base64."""
    return base64.b64encode(data).decode()


def request(sent: HttpRequest) -> str:
    """Give a request to `default`; its answer must be right, and like that on a WebSocket."""
    function, did, event = functions()["default"], Recorder(), sent.event
    function.HANDLER = did.handler()
    response = invoke(function, event)
    if event["version"] != "2.0":  # to the service a direct invocation, of a publish at best
        return checked(response, json.dumps(event), did, None, CONTEXT.aws_request_id)
    reply = _frame(response)
    who = principal(sent.context if isinstance(sent.context, dict) else {}, required=True)
    expected = _refused_unread(sent, who) or _refused_by_its_path(sent)
    if expected is None:
        _check_against_a_socket(sent, who, reply)
    else:
        code, field = expected
        blamed = (reply.get("code"), reply.get("field"))
        require(blamed == (code, field), f"{blamed} instead of {expected}")
    read = {"client": "backend", **json.loads(sent.text or "")} if reply["type"] != "error" else {}
    return checked(reply, json.dumps(read), did, who)


def authorization(headers: Mapping[str, str]) -> str:
    """Give the headers of a request to the authorizer, in both modes; it may not raise."""
    event = {**_AUTHORIZE, "headers": {name.lower(): text for name, text in headers.items()}}
    scheme, _, rest = event["headers"].get("authorization", "").strip().partition(" ")
    text = rest.strip() if scheme.lower() == "bearer" else None
    identity = None if text is None else identity_of(text, KEYS, NOW)
    denied, allowed = {"isAuthorized": False}, {"isAuthorized": True, "context": {}}
    answers = [authorize_request(event, required=required) for required in (True, False)]
    if text is None:
        require(answers == [denied, allowed], f"no token, but {answers}")
        return "no token"
    if identity is not None:
        allowed["context"] = identity.to_context()
        require(answers in ([allowed] * 2, [denied] * 2), f"{identity}, but {answers}")
        return "accepted" if answers == [allowed] * 2 else "rejected"
    require(answers == [denied] * 2, f"an invalid token, but {answers}")
    return "rejected"


def _frame(response: Any) -> dict[str, Any]:
    require(response.keys() == {"statusCode", "headers", "body"}, f"the response {response}")
    reply: dict[str, Any] = json.loads(response["body"])
    status, kind = response["statusCode"], reply.get("code", reply["type"])
    require(_STATUS.get(kind) == status, f"the status {status} of {kind}")
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    require(response["headers"] == headers, f"the headers {response['headers']}")
    return reply


def _refused_unread(sent: HttpRequest, who: Principal) -> tuple[str, str | None] | None:
    """Return code and field of what is refused before its body is looked at."""
    if not isinstance(who, Identity):
        return "forbidden", None
    if who.expires_at_ms <= NOW * 1000:
        return "forbidden", "exp"
    if not sent.listed:
        return "forbidden", "origin"
    if sent.route not in {PUBLISH, POLL}:
        return "invalid_message", None
    return None if sent.text is not None else ("invalid_json", None)


def _refused_by_its_path(sent: HttpRequest) -> tuple[str, str | None] | None:
    """Return code and field of what a body over HTTPS may not say, although a frame may."""
    try:
        body = json.loads(sent.text or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or _on_a_socket(sent.text or "")["code"] == "invalid_json":
        return None
    if "action" in body:
        return "invalid_message", "action"
    other = sent.route == PUBLISH and body.get("client", "backend") != "backend"
    return ("invalid_message", "client") if other else None


def _on_a_socket(text: str, who: Principal = None) -> dict[str, Any]:
    frame = Recorder().handler().handle("c", text, request_id=REQUEST_ID, principal=who) or {}
    return {"code": None, **frame}


def _check_against_a_socket(sent: HttpRequest, who: Principal, reply: dict[str, Any]) -> None:
    """Require the answer that the same body has as a frame; a poll is as a subscribe."""
    text = sent.text or ""
    client = {PUBLISH: "backend", POLL: "frontend"}[sent.route]
    with suppress(ValueError, RecursionError):
        if isinstance(body := json.loads(text), dict) and (
            _on_a_socket(text)["code"] != "invalid_json"
        ):
            text = json.dumps({**body, "client": client})
    if sent.route == POLL and isinstance(who, Identity):
        who = replace(who, client="frontend")  # both may ask
    expected = _on_a_socket(text, who)
    if expected["code"] is None:
        require(reply["type"] != "error", f"a socket gets {expected}, this {reply}")
    else:
        require(reply == expected, f"a socket gets {expected}, this {reply}")
