"""What a principal may do. The fields of a frame grant nothing: they must agree with the token."""

from lambdas.layer.auth.principal import BACKEND, FRONTEND, Identity, Principal, Unauthenticated
from lambdas.layer.protocol.errors import Forbidden
from lambdas.layer.protocol.frames import Ping, Poll, Publish, Request, Subscribe, Unsubscribe


def require_unexpired(principal: Principal, now: int) -> None:
    """Raise Forbidden for a missing token that is required, and for one that has expired.

    `now` in milliseconds since 1970.
    """
    if isinstance(principal, Unauthenticated):
        raise Forbidden("this needs a token; connect, or ask, with one")
    if principal is not None and now >= principal.expires_at_ms:
        raise Forbidden("the token has ended; connect, or ask, with a new one", "exp")


def authorize(principal: Principal, request: Request) -> None:
    """Raise Forbidden, naming the field, for what a token does not allow."""
    if not isinstance(principal, Identity):
        return
    match request:
        case Ping():
            return
        case Poll():
            pass  # a frontend for its refs, a backend for its merchant
        case Subscribe():
            _require_client(principal, FRONTEND, "client")
        case Unsubscribe():
            _require_client(principal, FRONTEND, "action")
        case Publish():
            _require_client(principal, BACKEND, "client")
    topic = request.topic
    if topic.merchant_id != principal.merchant_id:
        raise Forbidden("the token is for another merchant", "merchant_id")
    if principal.refs is not None and str(topic.ref) not in principal.refs:
        raise Forbidden("the token is for other refs", "ref")


def _require_client(identity: Identity, client: str, field: str) -> None:
    if identity.client != client:
        raise Forbidden(f"this needs the token of a {client}", field)
