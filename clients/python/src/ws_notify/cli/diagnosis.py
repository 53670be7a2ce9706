"""The likely cause of a failure, and its remedy. Functions of values only."""

import socket
import ssl
from urllib.parse import urlsplit

from ws_notify.cli.network import Target
from ws_notify.cli.terminal import format_duration
from ws_notify.exceptions import ConnectionLostError, HandshakeError, RefusedError
from ws_notify.loopback import is_loopback
from ws_notify.tokens import read_claims, read_kid

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 401, 403, 404, 429
_SERVER_ERROR = 500
_EXECUTE_API = ".execute-api."
"""In each default domain of an API, in every partition: custom domains have none.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-publish.html
"""
_LOCAL = ["_aws", "execute-api"]


class Finding(Exception):  # noqa: N818 - the result that ends the checks
    """What went wrong, and its remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(what)


def diagnose_resolution(error: OSError, target: Target) -> Finding:
    """Diagnose a name that was not resolved."""
    what = f"{target.host} was not found: {error.strerror or error}"
    if target.proxied:
        return Finding(what, "It is the proxy that the environment names: check HTTPS_PROXY")
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return Finding(what, "No name server answered: check the network, a VPN, or the name")
    if _EXECUTE_API in target.host:
        return Finding(
            what,
            "Wrong region or API id, the stack was removed, or no network: the stack's output "
            f"{target.output} has the URL",
        )
    return Finding(
        what,
        "Check the spelling; a custom domain needs a DNS record that points to the name which API "
        "Gateway gave it. The stack puts it into the zone that infra/stages.py names: a public one "
        "that the domain's NS records lead to? Who asked too early is denied for minutes more",
    )


def diagnose_connect(error: OSError, target: Target) -> Finding:
    """Diagnose a name that was not accepted."""
    where = f"{target.host} port {target.port}"
    if target.proxied:
        return Finding(f"The proxy {where} was not reached: {error}", "Check HTTPS_PROXY")
    if isinstance(error, ConnectionRefusedError):
        return Finding(f"Nothing listens at {where}", "Check the port; for a local stage, whether "
                       "`make run` is running")  # fmt: skip
    if isinstance(error, TimeoutError):
        return Finding(f"{where} does not answer", f"A firewall may drop it: port {target.port} "
                       "must be open to the outside, or a proxy named in HTTPS_PROXY")  # fmt: skip
    return Finding(f"{where} was not reached: {error}", "Check the network, a VPN, a firewall")


def diagnose_tls(error: OSError, target: Target) -> Finding:
    """Diagnose a failed TLS handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Finding(
            f"The certificate is not valid for {target.host}: {error.verify_message}",
            "A proxy that intercepts TLS (set SSL_CERT_FILE to its certificate), a name that the "
            "custom domain's certificate does not cover, or a wrong clock",
        )
    what = f"No TLS with {target.host} port {target.port}: {error}"
    return Finding(
        what,
        "It may not support TLS: a local stage has ws:// instead of wss://, or http:// instead of "
        "https://",
    )


def diagnose_handshake(
    error: HandshakeError,
    url: str,
    token: str | None,
    origin: str | None = None,
    fault: str | None = None,
) -> Finding:
    """Diagnose a handshake that was not answered with 101; `fault` was seen in the token."""
    what = f"Refused with HTTP {error.status}"
    if error.status == _UNAUTHORIZED:
        return Finding(what, remedy_for_token(token, fault))
    if error.status == _FORBIDDEN:
        return Finding(what, _remedy_for_forbidden(url, origin))
    if error.status == _NOT_FOUND:
        return Finding(what, _remedy_for_not_found(url))
    if error.status == _TOO_MANY:
        return Finding(what, "Too many at once: the stage's throttling, or the account's limit of "
                       "500 new connections a second. Try again")  # fmt: skip
    if error.status >= _SERVER_ERROR:
        return Finding(what, _remedy_for_server_error(url, token, fault))
    return Finding(what, "It is not a WebSocket API: check the URL")


def _remedy_for_server_error(url: str, token: str | None, fault: str | None) -> str:
    failed = "the function connect or the authorizer failed, see its log and the runbook"
    if not _is_local(url):
        return failed.capitalize()
    refused = "The local AWS answers so where API Gateway answers 401"
    return f"{refused}. {remedy_for_token(token, fault)}. Otherwise {failed}"


def remedy_for_token(token: str | None, fault: str | None) -> str:
    """Say what to do about a token that was refused, or about none."""
    mint = "`ws-notify token --help` mints one"
    if token is None:
        return f"The stage requires a token: pass --token; {mint}"
    if fault:
        return f"The token: {fault}; {mint}"
    return (
        f"No claim or header is at fault. Is the token signed with this stage's key "
        f"{read_kid(token)!r} (and not another stage's), by the key's UTF-8 text (and not what it "
        "would be after base64), the key still there, and this machine's clock right? --stage "
        "compares it with the keys"
    )


def _remedy_for_forbidden(url: str, origin: str | None) -> str:
    stage, *more = _segments_from_stage(url) or [""]
    if _on_default_domain(url) and not stage:
        return "The stage's name is missing at the end of the URL: .../dev"
    if more:
        return f"Leave out /{'/'.join(more)}: nothing may follow the stage, /{stage}"
    if origin:
        return f"The stage may not list the origin {origin}: allowed_origins in infra/stages.py"
    if _on_custom_domain(url):
        path = urlsplit(url).path.strip("/")
        leave = f"leave out /{path}, since the stack maps the whole name. Otherwise " * bool(path)
        return (
            f"A custom domain: {leave}its API mapping must name the API, the stage and, where it "
            "has one, the path, and nothing may follow that path. A page: an origin that the stage "
            "does not list, see --origin"
        )
    return (
        "A wrong name of the stage at the end of the URL, a path segment after it, a wrong "
        "region or API id in it, or a stage that is not deployed. A page: an origin that the "
        "stage does not list, see --origin"
    )


def _remedy_for_not_found(url: str) -> str:
    remedy = "There is a web server, but not this path: is it the stage's URL?"
    return remedy + " A custom domain may be the one for HTTPS" * _on_custom_domain(url)


def path_after_stage(url: str) -> str:
    """Return what follows the stage in a URL, if anything: API Gateway rejects it."""
    return "/".join(_segments_from_stage(url)[1:])


def _segments_from_stage(url: str) -> list[str]:
    segments = [segment for segment in urlsplit(url).path.split("/") if segment]
    if segments[:2] == _LOCAL:
        return segments[3:]  # after the API's id
    return segments if _on_default_domain(url) else []


def _on_default_domain(url: str) -> bool:
    return _EXECUTE_API in (urlsplit(url).hostname or "") and not _is_local(url)


def _on_custom_domain(url: str) -> bool:
    return not (_on_default_domain(url) or _is_local(url))


def _is_local(url: str) -> bool:
    """Tell whether it is the local AWS, which may be reached from another machine, too."""
    parts = urlsplit(url)
    by_path = [each for each in parts.path.split("/") if each][:2] == _LOCAL
    return by_path or is_loopback(parts.hostname)


_CODES = {
    "invalid_message": "The URL may be that of an older version of the service",
    "internal_error": "The function default failed: the request's id finds it in its log",
    "gateway_error": "API Gateway could not call the function default, or was throttled: see the "
    "runbook",
}


def diagnose_rejection(error: RefusedError, token: str | None) -> Finding:
    """Diagnose a rejected frame."""
    if error.code != "forbidden":
        return Finding(str(error), _CODES.get(error.code, "The message says what to do"))
    if token is None:
        return Finding(str(error), "The stage requires a token: pass --token")
    claims = read_claims(token)
    names = [
        f"{name} {claims[name]!r}" for name in ("client", "merchant_id", "ref") if name in claims
    ]
    remedy = f"The token allows {', '.join(names) or 'nothing readable'}: choose by "
    return Finding(str(error), remedy + "--merchant and --ref what it allows, or mint another")


_CLOSE_CODES = {
    1000: "Somebody deleted this connection (DeleteConnection)",
    1001: "API Gateway closes with it after 10 minutes without a frame and after 2 hours; before, "
    "something in between closes idle connections or restarts: a proxy?",
    1008: "The other side has a policy against it: a proxy?",
    1009: "A message or a frame was too large: 128 KiB and 32 KiB are the limits",
    1011: "The other side failed: try again",
    1012: "The other side restarts: try again",
}


def diagnose_loss(error: ConnectionLostError, url: str) -> Finding:
    """Diagnose a connection that was lost, or could not be opened."""
    if error.close_code is not None:
        remedy = _CLOSE_CODES.get(error.close_code, "API Gateway does not close with this code")
        return Finding(str(error), remedy)
    if isinstance(error.__cause__, TimeoutError):
        what = "The other side accepts connections, but does not answer the handshake"
        return Finding(what, "It may not be a WebSocket server, or the wrong port")
    also = ", or the URL must have wss:// instead of ws://" * url.startswith("ws://")
    return Finding(str(error), f"Something in between closed it: the network, a proxy{also}")


def diagnose_timeout(what: str, seconds: float) -> Finding:
    """Diagnose a missing answer."""
    return Finding(
        f"{what} within {format_duration(seconds)}",
        "Is there an extra path segment behind the stage's name in the URL, or is it another "
        "service's? Otherwise the function default does not answer: see its log",
    )
