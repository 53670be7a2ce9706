"""What a client receives: notifications and receipts. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

Ref = str | int


class LazyText(Protocol):
    """A text that is made when it is needed, as Django's `gettext_lazy` returns it."""

    def casefold(self) -> str:
        """Be a text as far as types go."""


AnyText = str | UUID | Enum | LazyText
AnyRef = Ref | UUID | Decimal | date | time | timedelta | Enum | LazyText
AnyStatus = Literal["done", "failed"] | Enum | LazyText
"""What callers give: written as JSON has it, a UUID or a time as its text, an enum as its value."""

AnyTime = str | datetime
"""RFC 3339 with an offset, or a datetime with a time zone."""

State = Literal["connecting", "subscribed", "unreachable", "closed"]
"""Of a subscription."""


class Topic(NamedTuple):
    """What is subscribed to. For the service, `12303` and `"12303"` are the same `ref`."""

    merchant_id: str
    ref: Ref

    @property
    def key(self) -> tuple[str, str]:
        """The same for both spellings of a ref."""
        return self.merchant_id, str(self.ref)


@dataclass(frozen=True, slots=True)
class Notification:
    """What a backend published. `sent_at` is the service's time, RFC 3339 in UTC.

    `data` is the whole object as received, with every further field.
    """

    id: str
    merchant_id: str
    ref: Ref
    project: str
    type: str
    status: str
    message: str
    sent_at: str
    data: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def topic(self) -> Topic:
        """Its topic."""
        return Topic(self.merchant_id, self.ref)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of a publish, in numbers of connections.

    `accepted` got it, `gone` were dead and are deleted, `failed` get it at their next
    subscribe. `duplicate`: this `id` had been stored before, at `sent_at`.
    """

    id: str
    merchant_id: str
    ref: Ref
    sent_at: str
    accepted: int
    gone: int
    failed: int
    duplicate: bool


def parse_time(text: str) -> float:
    """Parse a time of the service (`sent_at`) to seconds since 1970. Raises ValueError."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
