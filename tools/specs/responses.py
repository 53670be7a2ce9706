"""The responses of docs/openapi.json: of the service, and of API Gateway itself.

Of API Gateway's own, which hold a `message` alone:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
"""

from dataclasses import dataclass
from typing import Any, Final

from lambdas.layer.http_events import respond
from lambdas.layer.protocol.replies import Frame
from tools.specs.examples import ERRORS
from tools.specs.fields import Schema, refer

_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a request fails with a status.

    `name` is that of the component; `gateway` what API Gateway says, where it answers itself.
    """

    status: int
    name: str
    description: str
    gateway: str | None


_FAILURES: Final = (
    _Failure(
        400,
        "BadRequest",
        "The body is not one JSON object; or a field is missing or breaks its rule, or the `id` "
        "was used for other content.",
        None,
    ),
    _Failure(
        401,
        "Unauthorized",
        "The stage requires a token, and there is no `Authorization`.",
        "Unauthorized",
    ),
    _Failure(
        403,
        "Forbidden",
        "The token is not valid, has ended (`field` is `exp`), or does not allow this; or the page "
        "is not one that the stage lists (`field` is `origin`).",
        "Forbidden",
    ),
    _Failure(
        413,
        "TooLarge",
        "The notification would exceed 131,072 bytes, or the body is far larger.",
        "Request Entity Too Large",
    ),
    _Failure(
        429, "TooManyRequests", "The stage's throttle: send it again, later.", "Too Many Requests"
    ),
    _Failure(
        500,
        "InternalServerError",
        "The function failed: send it again, a publish with its `id`.",
        "Internal Server Error",
    ),
    _Failure(
        503,
        "ServiceUnavailable",
        "The service failed, or cannot be reached: send it again, a publish with its `id`.",
        "Service Unavailable",
    ),
    _Failure(
        504,
        "GatewayTimeout",
        "The function took too long: send it again, a publish with its `id`.",
        "Gateway Timeout",
    ),
)

_HEADERS: Final = {
    "Cache-Control": ("Answers are not kept", {"type": "string", "const": "no-store"}),
    "Retry-After": ("Seconds to wait", {"type": "integer", "minimum": 0}),
}


def answer(component: str, description: str, frame: Frame) -> dict[str, Any]:
    """Return the response that carries a frame of the service, which is its example, too."""
    example = {frame["type"]: {"value": frame}}
    return {
        "description": description,
        "headers": _headers([frame], always=True),
        "content": {_JSON: {"schema": refer(component), "examples": example}},
    }


def references() -> dict[str, Schema]:
    """Return how each operation may fail, by the status."""
    return {str(one.status): {"$ref": f"#/components/responses/{one.name}"} for one in _FAILURES}


def components() -> dict[str, Any]:
    """Return the responses that `references` names."""
    return {one.name: _response(one) for one in _FAILURES}


def _response(failure: _Failure) -> dict[str, Any]:
    frames = [one for one in ERRORS.values() if respond(one)["statusCode"] == failure.status]
    examples = {frame["code"]: {"value": frame} for frame in frames}
    if failure.gateway is not None:
        examples["gateway"] = {"value": {"message": failure.gateway}}
    return {
        "description": failure.description,
        **({"headers": _headers(frames, always=failure.gateway is None)} if frames else {}),
        "content": {_JSON: {"schema": refer("ErrorResponse"), "examples": examples}},
    }


def _headers(frames: list[Frame], *, always: bool) -> dict[str, Any]:
    """Return the headers of the responses with these frames; `always`: no other response comes."""
    names = dict.fromkeys(name for frame in frames for name in respond(frame)["headers"])
    return {
        name: {"description": _HEADERS[name][0], "required": always, "schema": _HEADERS[name][1]}
        for name in names
        if name != "Content-Type"
    }
