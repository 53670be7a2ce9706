"""What happens on links, and what is to be done on them."""

from dataclasses import dataclass

from ws_notify.exceptions import WsNotifyError


@dataclass(frozen=True, slots=True)
class Opened:
    """A link is open; its token ends in so many seconds, if it has one that says so."""

    link: int
    at: float
    ends_in: float | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A message came."""

    link: int
    at: float
    data: str | bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """A link could not be opened, or has ended."""

    link: int
    at: float
    error: WsNotifyError


Event = Opened | Received | Lost


@dataclass(frozen=True, slots=True)
class Open:
    """Fetch a token and open a link of this number."""

    link: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send a text message."""

    link: int
    text: str


@dataclass(frozen=True, slots=True)
class Close:
    """Close a link, or stop opening it; without a farewell if it is `broken`."""

    link: int
    broken: bool = False


Action = Open | Send | Close
