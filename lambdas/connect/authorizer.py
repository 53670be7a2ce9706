"""The authorizer of both APIs: verifies the token of a handshake or of a request over HTTPS.

It hands the identity on. Deployed only where the stage's `auth` is not `off`. For the WebSocket API
it is given no identity source: API Gateway would require all of several, and a token comes in the
header or in the query string. Over HTTPS a token comes in the header alone: by the header API
Gateway caches the answer.
"""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.layer import gateway, http_events, settings
from lambdas.layer.auth.keys import Keys
from lambdas.layer.auth.principal import Identity
from lambdas.layer.auth.tokens import InvalidToken, verify
from lambdas.layer.entry import entry
from lambdas.layer.protocol.clock import system_clock

TOKEN_REQUIRED = settings.choice("AUTH", {"optional", "required"}) == "required"
KEYS = Keys.from_env()

logger = Logger()
metrics = Metrics()


class Unauthorized(Exception):  # noqa: N818 - API Gateway's word
    """API Gateway answers 401 where an authorizer fails with exactly this text."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return what lets a connection or a request pass, with the identity as its context.

    Over HTTPS a denial is an answer, too: to fail there is API Gateway's 500.

    Raises Unauthorized for a handshake with an invalid token, or with none where one is required.
    Here, outside of the decorators, because the runtime logs each stack frame that the exception
    has passed, for every refusal (awslambdaric/bootstrap.py, handle_event_request).
    """
    answer: dict[str, Any] | None = _answer(event, context)
    if answer is None:
        raise Unauthorized
    return answer


@entry(logger, metrics)
def _answer(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any] | None:
    """Return the answer, or None for a handshake that is refused."""
    logger.append_keys(request_id=gateway.request_id(event))
    if http_events.is_http(event):
        return _answer_request(event)
    token = gateway.token(event)
    if token is None and not TOKEN_REQUIRED:
        metrics.add_metric("ConnectsWithoutToken", MetricUnit.Count, 1)
        return gateway.allow(event, "anonymous", {})
    identity = _verified(token)
    if identity is None:
        metrics.add_metric("TokensRefused", MetricUnit.Count, 1)
        return None
    metrics.add_metric("TokensAccepted", MetricUnit.Count, 1)
    return gateway.allow(event, identity.client, identity.to_context())


def _answer_request(event: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to the HTTP API. Polls that pass are not counted: there are very many."""
    token = gateway.bearer(event)
    counted = not http_events.is_poll(event)
    if token is None and not TOKEN_REQUIRED:
        if counted:
            metrics.add_metric("PublishesWithoutToken", MetricUnit.Count, 1)
        return http_events.allow({})
    identity = _verified(token)
    if identity is None:
        # A metric of its own: AuthorizerErrors takes TokensRefused off Lambda's errors, and this
        # is none of them.
        metrics.add_metric("TokensDenied", MetricUnit.Count, 1)
        return http_events.deny()
    if counted:
        metrics.add_metric("TokensAccepted", MetricUnit.Count, 1)
    return http_events.allow(identity.to_context())


def _verified(token: str | None) -> Identity | None:
    """Return the identity that a token proves, or None, with the reason in the log."""
    try:
        return verify(token or "", KEYS.get, system_clock() / 1000)
    except InvalidToken as invalid:
        logger.warning("token refused", extra={"reason": invalid.reason})
        return None
    except Exception:
        # Lambda's own Errors metric counts refusals, too: this one counts what is ours.
        logger.exception("authorizer failed")
        metrics.add_metric("AuthorizerFailures", MetricUnit.Count, 1)
        raise
