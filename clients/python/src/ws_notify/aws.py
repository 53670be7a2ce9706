"""Publishing by direct invocation of the function, without a socket. Extra `[aws]`."""

import random
import threading
import time
from typing import Any

from ws_notify.boto import make_client
from ws_notify.bounded_call import call_with_timeout
from ws_notify.core import frames
from ws_notify.core.backoff import Backoff
from ws_notify.exceptions import (
    ConnectionLostError,
    DeadlineError,
    RefusedError,
    WsNotifyError,
)
from ws_notify.fields import build_fields
from ws_notify.region import region
from ws_notify.timeouts import Timeouts
from ws_notify.values import AnyRef, AnyStatus, AnyText, Receipt

_TOO_MANY_REQUESTS = 429
_SERVERS_FAULT = 500


class LambdaPublisher:
    """Publishes by invoking `function_name`, the stack's output `PublishFunctionName`.

    Needs `lambda:InvokeFunction` on it and no token. `client` is boto3's `lambda` client, made from
    the environment where none is given, in the region AWS_REGION, else AWS_DEFAULT_REGION, else the
    profile's. May be shared by threads.
    """

    def __init__(
        self, function_name: str, *, client: Any = None, timeouts: Timeouts | None = None
    ) -> None:
        self._function_name = function_name
        self._timeouts = timeouts or Timeouts()
        self._client = client
        self._making = threading.Lock()

    def publish(  # noqa: PLR0913 - a notification has these fields
        self,
        *,
        merchant_id: AnyText,
        ref: AnyRef,
        project: AnyText,
        type: AnyText,  # noqa: A002 - the protocol's names
        message: AnyText,
        status: AnyStatus = "done",
        id: AnyText | None = None,  # noqa: A002
        deadline: float = 10.0,
        **further: Any,
    ) -> Receipt:
        """Publish a notification as Client does, with the same arguments.

        Raises RefusedError (its `code` may be one of AWS, e.g. AccessDeniedException) and
        DeadlineError; ValueError and TypeError, with the field's name,
        for what is not JSON or what the service would refuse.
        """
        fields = build_fields(
            id,
            merchant_id,
            ref,
            project,
            type,
            status=status,
            message=message,
            further=further,
            deadline=deadline,
        )
        payload = frames.publish(fields).encode()
        backoff, attempt = Backoff(self._timeouts, random.random), self._timeouts.attempt
        end = time.monotonic() + deadline
        last: WsNotifyError | None = None
        while (left := end - time.monotonic()) > 0:
            outcome = call_with_timeout(min(attempt, left), lambda: self._invoke(payload))
            if isinstance(outcome, Receipt):
                return outcome
            if outcome is None:
                if last and left < attempt:
                    break  # cut short by the deadline: the error before says more
                outcome = ConnectionLostError("The function did not answer in time")
            if not outcome.retryable:
                raise outcome
            last, attempt = outcome, attempt * 2
            time.sleep(max(0.0, min(backoff.wait(), end - time.monotonic())))
        raise DeadlineError(fields["id"], deadline, last) from last

    def _invoke(self, payload: bytes) -> Receipt | WsNotifyError:
        from botocore import exceptions  # noqa: PLC0415 - the extra [aws]

        with self._making:  # which is slow, so within the deadline, too
            self._client = self._client or _client()
        try:
            answer = self._client.invoke(FunctionName=self._function_name, Payload=payload)
            body = answer["Payload"].read()
        except exceptions.ClientError as error:
            return _map_client_error(error)
        except (
            exceptions.ConnectionError,
            exceptions.HTTPClientError,
            exceptions.IncompleteReadError,
        ) as error:
            return ConnectionLostError(f"Lambda could not be reached: {error}")
        except exceptions.BotoCoreError as error:
            return RefusedError(str(error), code=type(error).__name__)
        request_id = answer.get("ResponseMetadata", {}).get("RequestId")
        frame = None if "FunctionError" in answer else frames.read(body.decode(errors="replace"))
        if isinstance(frame, Receipt | RefusedError):
            return frame
        cause = answer.get("FunctionError", "no error")
        text = f"The function did not answer with a receipt ({cause})"
        return RefusedError(text, code="function_error", retryable=True, request_id=request_id)


def _client() -> Any:
    from botocore.config import Config  # noqa: PLC0415 - the extra [aws]

    # This package retries itself: with the same id, and within the deadline.
    config = Config(connect_timeout=3, read_timeout=30, retries={"total_max_attempts": 1})
    return make_client("lambda", region=region(), config=config)


def _map_client_error(error: Any) -> RefusedError:
    error_body, metadata = (
        error.response.get("Error", {}),
        error.response.get("ResponseMetadata", {}),
    )
    status = metadata.get("HTTPStatusCode", 0)
    return RefusedError(
        error_body.get("Message", str(error)),
        code=error_body.get("Code", "error"),
        retryable=status == _TOO_MANY_REQUESTS or status >= _SERVERS_FAULT,
        request_id=metadata.get("RequestId"),
    )
