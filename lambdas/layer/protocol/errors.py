"""Why a request is rejected.

    RejectedRequest         carries code, field, message, retryable: the content of an error frame
    ├── InvalidJson         not one JSON object
    ├── InvalidMessage      a field is missing or breaks its rule
    ├── TooLarge            the notification would exceed 128 KiB
    └── Forbidden           the connection's token does not allow it, or has expired

Anything else that a handler raises is ours and becomes `internal_error`.
"""

from typing import ClassVar


class RejectedRequest(Exception):  # noqa: N818 - a rejection is an answer, not a defect
    """A request that is rejected; nothing was changed."""

    code: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, field: str | None = None) -> None:
        self.message = message
        self.field = field
        super().__init__(message)


class InvalidJson(RejectedRequest):
    """The text is not one JSON object."""

    code = "invalid_json"


class InvalidMessage(RejectedRequest):
    """A field is missing or breaks its rule."""

    code = "invalid_message"


class TooLarge(RejectedRequest):
    """The notification as delivered would exceed the size that API Gateway carries."""

    code = "too_large"


class Forbidden(RejectedRequest):
    """The token does not allow this, or has expired; or the page's origin is not listed."""

    code = "forbidden"
