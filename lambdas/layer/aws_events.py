"""What other AWS services invoke a function with: a wrapped publish, or messages of a queue.

Nobody reads what they get back. So a publish that was not stored fails the function, or its message
alone: the service then tries again, and keeps in a dead-letter queue what never succeeds.

    RuntimeError
    ├── PublishRefusedError   the same would be refused again
    └── PublishFailedError    the same may succeed later

A state machine catches them by these names:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import json
from collections.abc import Iterable
from typing import Any, Final

from lambdas.layer.gateway import Event, is_frame
from lambdas.layer.protocol.bodies import parse_publish
from lambdas.layer.protocol.errors import InvalidMessage
from lambdas.layer.protocol.frames import Publish
from lambdas.layer.protocol.replies import Frame

Record = dict[str, Any]

_WRAPPER: Final = "publish"
_SQS: Final = "aws:sqs"


class PublishRefusedError(RuntimeError):
    """A publish was refused, and would be again."""


class PublishFailedError(RuntimeError):
    """A publish failed, and may be stored already; sent again, with its id, it may succeed."""


def is_wrapped(event: Any) -> bool:
    """Tell whether this is `{"publish": …}`, which is not an invoker's frame."""
    return isinstance(event, dict) and _WRAPPER in event and not is_frame(event)


def is_queue(event: Any) -> bool:
    """Tell whether an event source mapping sent this, with messages of an SQS queue.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    if not isinstance(event, dict) or is_frame(event):
        return False
    records = event.get("Records")
    return isinstance(records, list) and bool(records) and all(map(_is_message, records))


def parse_wrapped(event: Event) -> Publish:
    """Return the publish that an event wraps. Raises InvalidJson, InvalidMessage."""
    if len(event) > 1:
        raise InvalidMessage(f"send nothing beside {_WRAPPER}; the fields go in it", _WRAPPER)
    return parse_publish(to_text(event[_WRAPPER]))


def parse_message(record: Record) -> Publish:
    """Return the publish that the body of a message is. Raises InvalidJson, InvalidMessage.

    Where it names no `id`, it gets that of the message, which stays when the queue delivers again.
    """
    return parse_publish(record["body"], id=record["messageId"])


def receipt(reply: Frame) -> Frame:
    """Return a receipt; raise PublishRefusedError, PublishFailedError for an error frame.

    The exception's text is all that the log and the dead-letter queue say, so it has the frame's
    `code`, `field`, `message` and `request_id`.
    """
    if reply["type"] == "receipt":
        return reply
    error = PublishFailedError if reply["retryable"] else PublishRefusedError
    where = f" ({reply['field']})" if "field" in reply else ""
    raise error(f"{reply['code']}{where}: {reply['message']}; request {reply['request_id']}")


def batch_response(replies: Iterable[tuple[Record, Frame]]) -> dict[str, Any]:
    """Return the answer to an event source mapping: the messages that it is to keep in the queue.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    failed = [record["messageId"] for record, reply in replies if reply["type"] != "receipt"]
    return {"batchItemFailures": [{"itemIdentifier": id_} for id_ in failed]}


def to_text(payload: Any) -> str:
    """Return a payload as text, so that one parser sees what the runtime let through (NaN)."""
    try:
        return json.dumps(payload)
    except RecursionError:
        return ""  # the parser would not have nested so deep either: rejected as not a JSON object


def _is_message(record: Any) -> bool:
    return (
        isinstance(record, dict)
        and record.get("eventSource") == _SQS
        and isinstance(record.get("messageId"), str)
        and isinstance(record.get("body"), str)
    )
