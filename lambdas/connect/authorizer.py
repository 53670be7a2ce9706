"""The authorizer of `$connect`: verifies the token of a handshake, and hands its identity on.

Deployed only where the stage's `auth` is not `off`. It is given no identity source: API Gateway
would require all of several, and a token comes in the header or in the query string.
"""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.layer import gateway, settings
from lambdas.layer.auth.keys import Keys
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
    """Return the policy that lets a connection in, with the identity as its context.

    Raises Unauthorized for an invalid token, and for none where one is required. Here, outside of
    the decorators, because the runtime logs each stack frame that the exception has passed, for
    every refusal (awslambdaric/bootstrap.py, handle_event_request).
    """
    policy: dict[str, Any] | None = _policy(event, context)
    if policy is None:
        raise Unauthorized
    return policy


@entry(logger, metrics)
def _policy(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any] | None:
    """Return the policy, or None for an invalid token."""
    logger.append_keys(request_id=gateway.request_id(event))
    token = gateway.token(event)
    if token is None and not TOKEN_REQUIRED:
        metrics.add_metric("ConnectsWithoutToken", MetricUnit.Count, 1)
        return gateway.allow(event, "anonymous", {})
    try:
        identity = verify(token or "", KEYS.get, system_clock() / 1000)
    except InvalidToken as invalid:
        logger.warning("token refused", extra={"reason": invalid.reason})
        metrics.add_metric("TokensRefused", MetricUnit.Count, 1)
        return None
    except Exception:
        # Lambda's own Errors metric counts refusals, too: this one counts what is ours.
        logger.exception("authorizer failed")
        metrics.add_metric("AuthorizerFailures", MetricUnit.Count, 1)
        raise
    metrics.add_metric("TokensAccepted", MetricUnit.Count, 1)
    return gateway.allow(event, identity.client, identity.to_context())
