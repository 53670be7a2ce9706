"""The likely cause of what a stage answers over HTTPS, and its remedy. Functions of values only."""

from ws_notify.cli.diagnosis import Finding, diagnose_rejection, remedy_for_token
from ws_notify.exceptions import HandshakeError, RefusedError, WsNotifyError

_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY, _SERVER_ERROR = 401, 403, 429, 500


def diagnose_answer(
    error: WsNotifyError, token: str | None, origin: str | None, fault: str | None
) -> Finding:
    """Diagnose what was answered instead of a 200; `fault` was seen in the token."""
    if isinstance(error, RefusedError):
        return _diagnose_frame(error, token, origin)
    if isinstance(error, HandshakeError):
        return Finding(f"Refused with HTTP {error.status}", _remedy(error.status, token, fault))
    return Finding(
        str(error), "Is it the stack's output HttpEndpointURL? Otherwise the network or a proxy"
    )


def _diagnose_frame(error: RefusedError, token: str | None, origin: str | None) -> Finding:
    if error.code == "forbidden" and error.field == "exp":
        return Finding(str(error), "The token has ended: `ws-notify token --help` mints another")
    if error.code == "forbidden" and error.field == "origin":
        return Finding(
            str(error),
            f"The stage does not list the origin {origin}: allowed_origins in infra/stages.py",
        )
    return diagnose_rejection(error, token)


def _remedy(status: int, token: str | None, fault: str | None) -> str:
    if status == _UNAUTHORIZED:
        return remedy_for_token(token, fault)
    if status == _FORBIDDEN and token is None:
        return (
            "API Gateway answers a missing token with 401: a proxy or a firewall refused, or a "
            "custom domain that is not mapped to the HTTP API, such as the WebSocket's"
        )
    if status == _FORBIDDEN:
        cached = "A denial is kept for a minute, so a new key may be refused for two"
        return f"{remedy_for_token(token, fault)}. {cached}"
    if status == _TOO_MANY:
        return "Too many at once: the stage's throttling. Try again"
    if status >= _SERVER_ERROR:
        return (
            "The function default or the authorizer failed, or took over 29 seconds: see its log "
            "and the runbook"
        )
    return "It is not the HTTP API of a stage: check the URL"
