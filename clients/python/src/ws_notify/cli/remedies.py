"""The likely cause of a failure, and what to do about it. Functions of values only."""

import socket
import ssl
from urllib.parse import urlsplit

from ws_notify.cli.network import Target
from ws_notify.cli.roles import claims_of, kid_of
from ws_notify.cli.terminal import duration
from ws_notify.exceptions import ConnectionLostError, HandshakeError, RefusedError
from ws_notify.tokens import seconds_left

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 401, 403, 404, 429
_SERVERS_FAULT = 500
_DAY = 24 * 60 * 60
_AWS = ".amazonaws.com"
_LOCAL = ["_aws", "execute-api"]


class Finding(Exception):  # noqa: N818 - what was found, which ends the examination
    """What went wrong, and what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(what)


def of_name(error: OSError, target: Target) -> Finding:
    """Judge a name that was not resolved."""
    what = f"{target.host} was not found: {error.strerror or error}"
    if target.proxied:
        return Finding(what, "It is the proxy that the environment names: check HTTPS_PROXY")
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return Finding(what, "No name server answered: check the network, a VPN, or the name")
    if target.host.endswith(_AWS):
        return Finding(
            what,
            "Wrong region or API id, the stack was removed, or no network: the stack's output "
            "WebsocketConnectEndpointURL has the address",
        )
    return Finding(what, "Check the spelling; on AWS, the region and the API id in it")


def of_connection(error: OSError, target: Target) -> Finding:
    """Judge a name behind which nobody lets us in."""
    where = f"{target.host} port {target.port}"
    if target.proxied:
        return Finding(f"The proxy {where} let nobody in: {error}", "Check HTTPS_PROXY")
    if isinstance(error, ConnectionRefusedError):
        return Finding(f"Nothing listens at {where}", "Check the port; for a local stage, whether "
                       "`make run` is running")  # fmt: skip
    if isinstance(error, TimeoutError):
        return Finding(f"{where} does not answer", f"A firewall may drop it: port {target.port} "
                       "must be open to the outside, or a proxy named in HTTPS_PROXY")  # fmt: skip
    return Finding(f"{where} was not reached: {error}", "Check the network, a VPN, a firewall")


def of_tls(error: OSError, target: Target) -> Finding:
    """Judge a connection that is not safe."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Finding(
            f"The certificate is not good for {target.host}: {error.verify_message}",
            "A proxy that reads along (set SSL_CERT_FILE to its certificate), a name that the "
            "custom domain's certificate does not cover, or a wrong clock",
        )
    what = f"No TLS with {target.host} port {target.port}: {error}"
    return Finding(what, "It may speak none: a local stage has ws:// instead of wss://")


def of_handshake(error: HandshakeError, url: str, token: str | None, origin: str | None) -> Finding:
    """Judge a handshake that was answered, but not with 101."""
    what = f"Refused with HTTP {error.status}"
    if error.status == _UNAUTHORIZED:
        return Finding(what, _of_token(token))
    if error.status == _FORBIDDEN:
        return Finding(what, _of_forbidden(url, origin))
    if error.status == _NOT_FOUND:
        return Finding(what, "There is a web server, but no such address: is it the stage's?")
    if error.status == _TOO_MANY:
        return Finding(what, "Too many at once: the stage's throttling, or the account's limit of "
                       "500 new connections a second. Try again")  # fmt: skip
    if error.status >= _SERVERS_FAULT:
        return Finding(what, _of_servers_fault(url, token))
    return Finding(what, "That is no WebSocket API: check the address")


def _of_servers_fault(url: str, token: str | None) -> str:
    failed = "the function connect or the authorizer failed, see its log and the runbook"
    if _on_aws(url):
        return failed.capitalize()
    refused = "The local AWS says so where API Gateway would say 401"
    return f"{refused}. {_of_token(token)}. Otherwise {failed}"


def _of_token(token: str | None) -> str:
    mint = "`ws-notify token --help` mints one"
    if token is None:
        return f"The stage asks for a token: pass --token; {mint}"
    left = seconds_left(token)
    if left is None or not claims_of(token):
        return f"What was passed is no token (a JWT) with an end; {mint}"
    if left <= 0:
        return f"The token ended {duration(-left)} ago by this machine's clock; {mint}"
    if left > _DAY:
        return f"The token lasts {duration(left)}: more than 24 hours is refused; {mint}"
    return (
        f"Is the token signed with this stage's key {kid_of(token)!r} (and not another stage's), "
        "the key not removed, and this machine's clock right? A frontend's must name its refs"
    )


def _of_forbidden(url: str, origin: str | None) -> str:
    stage, *more = _from_the_stage_on(url) or [""]
    if _on_aws(url) and not stage:
        return "The stage's name is missing at the end of the address: .../dev"
    if more:
        return f"Leave out /{'/'.join(more)}: nothing may follow the stage, /{stage}"
    if origin:
        return f"The stage may not list the origin {origin}: allowed_origins in infra/stages.py"
    return (
        "A wrong name of the stage at the end of the address, a path segment after it, a wrong "
        "region or API id in it, or a stage that is not deployed. A page: an origin that the "
        "stage does not list, see --origin"
    )


def beyond_the_stage(url: str) -> str:
    """Return what follows the stage's name in an address: API Gateway refuses it, if anything."""
    return "/".join(_from_the_stage_on(url)[1:])


def _from_the_stage_on(url: str) -> list[str]:
    segments = [segment for segment in urlsplit(url).path.split("/") if segment]
    if segments[:2] == _LOCAL:
        return segments[3:]  # after the API's id
    return segments if _on_aws(url) else []


def _on_aws(url: str) -> bool:
    return (urlsplit(url).hostname or "").endswith(_AWS)


_CODES = {
    "invalid_message": "The address may be that of an older version of the service",
    "internal_error": "The function default failed: the request's id finds it in its log",
    "gateway_error": "API Gateway could not call the function default, or was throttled: see the "
    "runbook",
}


def of_refusal(error: RefusedError, token: str | None) -> Finding:
    """Judge a frame that was refused."""
    if error.code != "forbidden":
        return Finding(str(error), _CODES.get(error.code, "The message says what to do"))
    if token is None:
        return Finding(str(error), "The stage asks for a token: pass --token")
    said = claims_of(token)
    names = [f"{name} {said[name]!r}" for name in ("client", "merchant_id", "ref") if name in said]
    remedy = f"The token allows {', '.join(names) or 'nothing that can be read'}: choose by "
    return Finding(str(error), remedy + "--merchant and --ref what it allows, or mint another")


_CLOSE_CODES = {
    1000: "Somebody deleted this connection (DeleteConnection)",
    1001: "API Gateway says so after 10 minutes without a frame, and after 2 hours; so early, "
    "something between here and there restarts or gives up idle connections: a proxy?",
    1008: "The other side has a rule against it: a proxy?",
    1009: "A message or a frame was too large: 128 KiB and 32 KiB are the limits",
    1011: "The other side failed: try again",
    1012: "The other side restarts: try again",
}


def of_loss(error: ConnectionLostError, url: str) -> Finding:
    """Judge a connection that ended by itself, or could not be made."""
    if error.close_code is not None:
        remedy = _CLOSE_CODES.get(error.close_code, "No code that API Gateway is known for")
        return Finding(str(error), remedy)
    if isinstance(error.__cause__, TimeoutError):
        what = "The other side takes connections, but answers no handshake"
        return Finding(what, "It may be no WebSocket server, or the wrong port")
    also = ", or the address wants wss:// instead of ws://" * url.startswith("ws://")
    return Finding(str(error), f"Something between cut it: the network, a proxy{also}")


def of_silence(what: str, seconds: float) -> Finding:
    """Judge a connection on which no answer comes."""
    return Finding(
        f"{what} within {duration(seconds)}",
        "Is there an extra path segment behind the stage's name in the address, or is it another "
        "service's? Otherwise the function default does not answer: see its log",
    )
