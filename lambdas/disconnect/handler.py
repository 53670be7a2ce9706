"""`$disconnect`: deletes the connection's subscriptions.

It may never come: then the next publish prunes them, or they expire.
"""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.layer import gateway
from lambdas.layer.aws.json_services import DynamoDb
from lambdas.layer.entry import entry
from lambdas.layer.storage import Storage

STORAGE = Storage.from_env(DynamoDb.from_env())

logger = Logger()
metrics = Metrics()


@entry(logger, metrics)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Delete every subscription of the connection; API Gateway ignores the response."""
    logger.append_keys(request_id=gateway.request_id(event))
    if gateway.event_type(event) != "DISCONNECT":
        metrics.add_metric("FramesRefused", MetricUnit.Count, 1)
        return gateway.reject_message(event)
    context = event["requestContext"]
    subscriptions = STORAGE.delete_subscriptions(context["connectionId"])
    logger.info(
        "disconnected",
        extra={"subscriptions": subscriptions, "code": context.get("disconnectStatusCode")},
    )
    return {"statusCode": 200}
