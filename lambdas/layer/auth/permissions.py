"""What a connection may do, by its token. What a frame says may only agree with it."""

from lambdas.layer.auth.principal import BACKEND, FRONTEND, Bearer, Identity, Nobody
from lambdas.layer.protocol.errors import Forbidden
from lambdas.layer.protocol.frames import Ping, Publish, Request, Subscribe, Unsubscribe


def require_alive(bearer: Bearer, now: int) -> None:
    """Raise Forbidden without a token that is needed, and once a token has ended.

    `now` in milliseconds since 1970.
    """
    if isinstance(bearer, Nobody):
        raise Forbidden("this needs a token; connect again with one")
    if bearer is not None and now >= bearer.ends_at:
        raise Forbidden("the token has ended; connect again with a new one", "exp")


def require_may(bearer: Bearer, request: Request) -> None:
    """Raise Forbidden, naming the field, for what a token does not allow."""
    if not isinstance(bearer, Identity):
        return
    match request:
        case Ping():
            return
        case Subscribe():
            _require_client(bearer, FRONTEND, "client")
        case Unsubscribe():
            _require_client(bearer, FRONTEND, "action")
        case Publish():
            _require_client(bearer, BACKEND, "client")
    topic = request.topic
    if topic.merchant_id != bearer.merchant_id:
        raise Forbidden("the token is for another merchant", "merchant_id")
    if bearer.refs is not None and str(topic.ref) not in bearer.refs:
        raise Forbidden("the token is for other refs", "ref")


def _require_client(identity: Identity, client: str, field: str) -> None:
    if identity.client != client:
        raise Forbidden(f"this needs the token of a {client}", field)
