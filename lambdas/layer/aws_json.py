"""Calling an AWS service that speaks JSON: parameters in, answer out, what may pass tried twice.

Protocol: https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
"""

import json
import random
import time
from typing import Any

from botocore.exceptions import ClientError

from lambdas.layer.http1 import Answer, NoAnswerError
from lambdas.layer.signed_http import SignedHttp

# A call takes 3 seconds at most: 2 attempts of 1 s and a pause of up to 1 s between them.
# A replay relies on it: it overlaps `since` by a fixed 10 seconds, and a write must not be later.
_ATTEMPT_FOR, _LONGEST_PAUSE = 1.0, 1.0

_OK = 200
_SERVER_ERROR = 500
_PASSING = {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}


class AwsJson:
    """A service whose operations are named by a target, e.g. `DynamoDB_20120810`."""

    def __init__(self, http: SignedHttp, target: str, version: str) -> None:
        """Take the service, its target and its version of the protocol, `1.0` or `1.1`."""
        self._http = http
        self._target = target
        self._content_type = f"application/x-amz-json-{version}"

    def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return what an operation answers; both are as boto3 has them.

        Raises botocore's ClientError for what the service refuses, its answer in `response`, and
        NoAnswerError when no answer comes.
        """
        data = json.dumps(parameters).encode()
        try:
            answer = self._send(operation, data)
            if not _may_pass(answer):
                return _result(operation, answer)
        except NoAnswerError:
            pass
        time.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 - jitter, not a secret
        return _result(operation, self._send(operation, data))

    def _send(self, operation: str, data: bytes) -> Answer:
        headers = {
            "content-type": self._content_type,
            "x-amz-target": f"{self._target}.{operation}",
        }
        return self._http.post("/", data, headers, _ATTEMPT_FOR)


def _may_pass(answer: Answer) -> bool:
    if answer.status == _OK:
        return False
    return answer.status >= _SERVER_ERROR or _error(answer)["Error"]["Code"] in _PASSING


def _result(operation: str, answer: Answer) -> dict[str, Any]:
    if answer.status != _OK:
        raise ClientError(_error(answer), operation)
    try:
        result = json.loads(answer.data)
    except ValueError:
        result = None
    if not isinstance(result, dict):
        raise NoAnswerError("the answer is no JSON object")
    return result


def _error(answer: Answer) -> Any:
    """Return an error as boto3 shows it: `Error`, and beside it what else the answer holds."""
    try:
        said: dict[str, Any] = json.loads(answer.data)
        code = str(said["__type"]).rpartition("#")[2]
    except (ValueError, TypeError, KeyError):
        said, code = {}, f"HTTP {answer.status}"
    message = said.get("message", said.get("Message", ""))  # services differ in it
    return {**said, "Error": {"Code": code, "Message": message}}
