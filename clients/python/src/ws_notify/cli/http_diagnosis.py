"""The likely cause of what a stage answers over HTTPS, and its remedy. Functions of values only."""

from ws_notify.cli.diagnosis import Finding, diagnose_rejection, remedy_for_token
from ws_notify.exceptions import HandshakeError, RefusedError, WsNotifyError

_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY, _SERVER_ERROR = 401, 403, 429, 500
_MOVED = range(300, 400)
_PATHS = frozenset({"publish", "notifications"})


def diagnose_answer(
    error: RefusedError | HandshakeError,
    token: str | None,
    origin: str | None,
    fault: str | None,
    clock: str,
) -> Finding:
    """Diagnose a refusal.

    `fault` was seen in the token; `clock` warns of this machine's clock, "" where it is right.
    """
    if isinstance(error, RefusedError):
        return _diagnose_frame(error, token, origin, clock)
    remedy = _remedy(error.status, token, fault, clock)
    return Finding(f"Refused with HTTP {error.status}", remedy)


def diagnose_address(error: WsNotifyError, url: str) -> Finding:
    """Diagnose an answer that another server gave, or none."""
    path = url.rpartition("/")[2]
    if path in _PATHS:
        return Finding(str(error), f"Leave out /{path}: each request adds its own")
    return Finding(
        str(error), "Is it the stack's output HttpEndpointURL? Otherwise the network or a proxy"
    )


def _diagnose_frame(
    error: RefusedError, token: str | None, origin: str | None, clock: str
) -> Finding:
    if error.code == "forbidden" and error.field == "exp":
        ended = "The token has ended: `ws-notify token --help` mints another"
        return Finding(str(error), _join(ended, clock))
    if error.code == "forbidden" and error.field == "origin":
        return Finding(
            str(error),
            f"The stage does not list the origin {origin}: allowed_origins in infra/stages.py",
        )
    return diagnose_rejection(error, token)


_ELSEWHERE = (
    "It leads elsewhere, which is not followed with a token: a network that wants you to sign in, "
    "a proxy, or a wrong URL"
)


def _remedy(status: int, token: str | None, fault: str | None, clock: str) -> str:
    if status == _UNAUTHORIZED:
        return remedy_for_token(token, fault)
    if status == _FORBIDDEN and token is None:
        return (
            "API Gateway answers a missing token with 401: a proxy or a firewall refused, or the "
            "URL is that of no API, or a custom domain that is not mapped to the HTTP API, such as "
            "the WebSocket's"
        )
    if status == _FORBIDDEN:
        cached = "A denial is kept for a minute, so a new key may be refused for two"
        return _join(remedy_for_token(token, fault), cached, clock)
    if status == _TOO_MANY:
        return "Too many at once: the stage's throttling. Try again"
    if status >= _SERVER_ERROR:
        return (
            "The function default or the authorizer failed, or took over 29 seconds: see its log "
            "and the runbook"
        )
    return _ELSEWHERE if status in _MOVED else "It is not the HTTP API of a stage: check the URL"


def _join(*sentences: str) -> str:
    return ". ".join(each for each in sentences if each)
