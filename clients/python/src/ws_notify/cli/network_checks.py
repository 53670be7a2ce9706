"""The checks that both ways to a stage share: the network beneath, the tokens and the clock."""

import contextlib
import socket
import time
from email.utils import parsedate_to_datetime

from ws_notify.cli import network
from ws_notify.cli.diagnosis import diagnose_connect, diagnose_resolution, diagnose_tls
from ws_notify.cli.roles import Roles
from ws_notify.cli.terminal import format_duration
from ws_notify.loopback import is_loopback
from ws_notify.values import parse_time

_MAX_CLOCK_SKEW = 2.0


class NetworkChecks:
    """From the name to TLS; each check raises a Finding."""

    def __init__(self, target: network.Target, roles: Roles) -> None:
        self.target = target
        self.roles = roles
        self._skew = 0.0

    def resolve(self) -> list[str]:
        """Resolve the host name to its IP addresses."""
        try:
            return network.resolve(self.target)
        except OSError as error:
            raise diagnose_resolution(error, self.target) from error

    def reach(self, addresses: list[str]) -> socket.socket:
        """Connect to one of these IP addresses."""
        try:
            return network.reach(self.target, addresses)
        except OSError as error:
            raise diagnose_connect(error, self.target) from error

    def describe(self, connection: socket.socket) -> str:
        """Return the peer of a connection."""
        host, port = connection.getpeername()[:2]
        return f"{host} port {port}" + ", the environment's proxy" * self.target.proxied

    def secure(self, connection: socket.socket) -> str:
        """Start TLS on it."""
        try:
            return network.secure(connection, self.target)
        except OSError as error:
            raise diagnose_tls(error, self.target) from error

    def learn_clock(self, now: str) -> None:
        """Compare this machine's clock with the service's. Raises ValueError."""
        self._skew = time.time() - parse_time(now)

    def learn_clock_by_date(self, date: str | None) -> None:
        """Compare it with an answer's `Date`, in whole seconds; ignore an invalid one."""
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            self._skew = time.time() - parsedate_to_datetime(date or "").timestamp()

    def clock_warning(self) -> str:
        """Say that this machine's clock is wrong; "" where it is right, or nothing is known."""
        if abs(self._skew) <= _MAX_CLOCK_SKEW:
            return ""
        side = "ahead of" if self._skew > 0 else "behind"
        return (
            f"This machine's clock is {format_duration(abs(self._skew))} {side} the service's: "
            "tokens minted here may be rejected or expire early"
        )

    def notes(self) -> list[str]:
        """Return hints that are not failures."""
        notes = []
        if self.roles.minted:
            notes.append("Both tokens were minted with the stage's key")
        if warning := self.clock_warning():
            notes.append(warning)
        target = self.target
        if not (target.secure or target.proxied or is_loopback(target.host)):
            notes.append("Without TLS, everyone on the way reads the tokens and the notifications")
        return notes

    def close(self) -> None:
        """Close what is open."""
