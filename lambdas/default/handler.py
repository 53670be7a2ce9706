"""`$default`: every frame of every client, and every request over HTTPS.

And, invoked directly, a publish without either.
"""

import json
import time
from typing import Any, cast

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.default.telemetry import report
from lambdas.layer import gateway, http_events, settings
from lambdas.layer.auth.principal import principal
from lambdas.layer.aws.connections_api import ConnectionsApi
from lambdas.layer.aws.json_services import DynamoDb
from lambdas.layer.entry import entry
from lambdas.layer.handler import Caller, Handler
from lambdas.layer.protocol.replies import Frame
from lambdas.layer.sender import Sender
from lambdas.layer.storage import Storage

TOKEN_REQUIRED = settings.choice("AUTH", {"off", "optional", "required"}) == "required"
ALLOWED_ORIGINS = settings.entries("ALLOWED_ORIGINS")
HANDLER = Handler(
    Storage.from_env(DynamoDb.from_env()), Sender.from_env(api=ConnectionsApi.from_env())
)

logger = Logger()
metrics = Metrics()


@entry(logger, metrics)
def handler(event: Any, context: LambdaContext) -> dict[str, Any] | None:
    """Answer an event of API Gateway by its response; anything else with the frame."""
    if http_events.is_event(event):
        return http_events.respond(_request(event))
    if gateway.is_event(event):
        return gateway.respond(_message(event))
    return _invocation(event, context.aws_request_id)


def _message(event: gateway.Event) -> Frame | None:
    context = event["requestContext"]
    request_id = gateway.request_id(event)
    logger.append_keys(request_id=request_id, connection_id=context["connectionId"])
    reply = HANDLER.handle(
        context["connectionId"],
        event.get("body") or "",
        request_id=request_id,
        connected_at=context["connectedAt"],
        principal=principal(gateway.authorizer(event), required=TOKEN_REQUIRED),
    )
    report(reply, logger, metrics, since=context["requestTimeEpoch"])
    return reply


def _request(event: gateway.Event) -> Frame:
    request_id = gateway.request_id(event)
    logger.append_keys(request_id=request_id)
    of_token = principal(http_events.authorizer(event), required=TOKEN_REQUIRED)
    reply = HANDLER.answer(
        lambda: http_events.parse(event, ALLOWED_ORIGINS),
        Caller(None, request_id, connected_at=None, principal=of_token),
    )
    report(reply, logger, metrics, since=event["requestContext"]["timeEpoch"])
    return cast("Frame", reply)  # none is for a connection that is gone


def _invocation(payload: Any, request_id: str) -> Frame | None:
    started = time.time_ns() // 1_000_000
    logger.append_keys(request_id=request_id)
    reply = HANDLER.handle(None, _text(payload), request_id=request_id)
    report(reply, logger, metrics, since=started)
    return reply


def _text(payload: Any) -> str:
    """Return the payload as text, so that one parser sees what the runtime let through (NaN)."""
    try:
        return json.dumps(payload)
    except RecursionError:
        return ""  # the parser would not have nested so deep either: rejected as not a JSON object
