"""`$default`: every frame of every client, and every request over HTTPS.

And, invoked directly, a publish without either: by a backend, or by another AWS service.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.default.telemetry import report
from lambdas.layer import aws_events, gateway, http_events, settings
from lambdas.layer.auth.principal import principal
from lambdas.layer.aws.connections_api import ConnectionsApi
from lambdas.layer.aws.json_services import DynamoDb
from lambdas.layer.entry import entry
from lambdas.layer.handler import Caller, Handler
from lambdas.layer.protocol.frames import Publish
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
    """Answer an event of API Gateway by its response; anything else with the frame.

    Raises PublishRefusedError, PublishFailedError for a wrapped publish that was not stored.
    """
    if http_events.is_event(event):
        return http_events.respond(_request(event))
    if gateway.is_event(event):
        return gateway.respond(_message(event))
    request_id = context.aws_request_id
    logger.append_keys(request_id=request_id)
    if aws_events.is_queue(event):
        return aws_events.batch_response(
            (record, _queued(record, request_id)) for record in event["Records"]
        )
    if aws_events.is_wrapped(event):
        return aws_events.receipt(_publish(partial(aws_events.parse_wrapped, event), request_id))
    return _invocation(event, request_id)


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


def _queued(record: aws_events.Record, request_id: str) -> Frame:
    logger.append_keys(message_id=record["messageId"])
    return _publish(partial(aws_events.parse_message, record), request_id)


def _publish(read: Callable[[], Publish], request_id: str) -> Frame:
    started = _now_ms()
    reply = HANDLER.answer(read, Caller(None, request_id, connected_at=None, principal=None))
    report(reply, logger, metrics, since=started)
    return cast("Frame", reply)  # none is for a connection that is gone


def _invocation(payload: Any, request_id: str) -> Frame | None:
    started = _now_ms()
    reply = HANDLER.handle(None, aws_events.to_text(payload), request_id=request_id)
    report(reply, logger, metrics, since=started)
    return reply


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
