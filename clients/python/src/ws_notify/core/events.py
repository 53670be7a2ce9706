"""The events of connections, and the actions on them. Each names its connection by number."""

from dataclasses import dataclass

from ws_notify.exceptions import WsNotifyError


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection is open; its token expires in so many seconds, None where it does not say."""

    connection: int
    at: float
    token_expires_in: float | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A message arrived."""

    connection: int
    at: float
    data: str | bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """A connection could not be opened, or has ended."""

    connection: int
    at: float
    error: WsNotifyError


Event = Opened | Received | Lost


@dataclass(frozen=True, slots=True)
class Open:
    """Fetch a token and open a connection of this number."""

    connection: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send a text message."""

    connection: int
    text: str


@dataclass(frozen=True, slots=True)
class Close:
    """Close a connection, or stop opening it; without a close frame if it is `broken`."""

    connection: int
    broken: bool = False


Action = Open | Send | Close
