"""`$connect`: checks the origin of a page. Nothing is stored before it subscribes."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.layer import gateway, settings
from lambdas.layer.entry import entry

ALLOWED_ORIGINS = settings.entries("ALLOWED_ORIGINS")

logger = Logger()
metrics = Metrics()


@entry(logger, metrics)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer 200 to accept the connection, 403 to a page whose origin is not allowed."""
    logger.append_keys(request_id=gateway.request_id(event))
    if gateway.event_type(event) != "CONNECT":
        metrics.add_metric("FramesRefused", MetricUnit.Count, 1)
        return gateway.reject_message(event)
    if not gateway.origin_allowed(event, ALLOWED_ORIGINS):
        logger.warning("origin refused")
        metrics.add_metric("OriginsRefused", MetricUnit.Count, 1)
        return {"statusCode": 403}
    return {"statusCode": 200}
