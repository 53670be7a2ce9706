"""Why a frame is refused.

    Refusal                 carries code, field, message, retryable: what an error frame says
    ├── InvalidJson         not one JSON object
    ├── InvalidMessage      a field is missing or breaks its rule
    ├── TooLarge            the notification would exceed 128 KiB
    └── Forbidden           the connection's token does not allow it, or has ended

Anything else that a handler raises is ours and becomes `internal_error`.
"""

from typing import ClassVar


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a defect
    """A frame that is refused; nothing was changed."""

    code: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, field: str | None = None) -> None:
        self.message = message
        self.field = field
        super().__init__(message)


class InvalidJson(Refusal):
    """The text is not one JSON object."""

    code = "invalid_json"


class InvalidMessage(Refusal):
    """A field is missing or breaks its rule."""

    code = "invalid_message"


class TooLarge(Refusal):
    """The notification as delivered would exceed the size that API Gateway carries."""

    code = "too_large"


class Forbidden(Refusal):
    """The connection's token does not allow this merchant, ref or client, or has ended."""

    code = "forbidden"
