"""The steps of `ws-notify doctor`: each returns what it saw, or raises a Finding."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from ws_notify.address import Address
from ws_notify.cli import network, remedies
from ws_notify.cli.roles import Bearer, Roles
from ws_notify.cli.terminal import duration
from ws_notify.cli.wire import Wire
from ws_notify.core import frames
from ws_notify.exceptions import ConnectionLostError, HandshakeError, RefusedError
from ws_notify.values import Notification, Receipt, Topic, seconds_of

_CLOCKS_DIFFER = 2.0
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class PagesAddress(Address):
    """An address to which a page of this origin connects."""

    origin: str | None = None

    def arguments(self, token: str | None) -> dict[str, Any]:
        """Add the origin."""
        # Not `super()`: a dataclass with slots is another class than the one that is written here.
        return {**Address.arguments(self, token), "origin": self.origin}


class Examination:
    """One, from the name to the delivery. `seconds` is how long an answer may take.

    Each bearer is given to `open` before the other steps.
    """

    def __init__(
        self, address: Address, roles: Roles, origin: str | None = None, seconds: float = 10.0
    ) -> None:
        self.roles = roles
        self.target = network.target_of(address.url)
        self._address, self._origin, self._seconds = address, origin, seconds
        self._wires: dict[Bearer, Wire] = {}
        self._id = f"doctor-{uuid4().hex}"
        self._published_at = 0.0
        self._subscribed: frames.Subscribed | None = None
        self._skew = 0.0

    def resolve(self) -> list[str]:
        """Find the name's addresses."""
        try:
            return network.resolve(self.target)
        except OSError as error:
            raise remedies.of_name(error, self.target) from error

    def reach(self, addresses: list[str]) -> socket.socket:
        """Connect to one of them."""
        try:
            return network.reach(self.target, addresses)
        except OSError as error:
            raise remedies.of_connection(error, self.target) from error

    def describe(self, connection: socket.socket) -> str:
        """Say where it leads."""
        host, port = connection.getpeername()[:2]
        return f"{host} port {port}" + ", the environment's proxy" * self.target.proxied

    def secure(self, connection: socket.socket) -> str:
        """Begin TLS on it."""
        try:
            return network.secure(connection, self.target)
        except OSError as error:
            raise remedies.of_tls(error, self.target) from error

    def open(self, bearer: Bearer) -> str:
        """Open a WebSocket, on a connection of its own."""
        address = PagesAddress(self._address.url, bearer.token, self._address.timing, self._origin)
        wire = self._wires[bearer] = Wire(address)
        self._judged(bearer, wire.open, "No handshake")
        return "with a token" if bearer.token else "without a token"

    def subscribe(self, bearer: Bearer) -> str:
        """Subscribe, and learn the service's clock."""
        wire, topic = self._wires[bearer], Topic(self.roles.merchant_id, self.roles.ref)
        wire.send(frames.subscribe(topic, None))
        self._subscribed, _ = self._judged(
            bearer,
            lambda: wire.expect(frames.Subscribed, lambda it: it.topic.key == topic.key,
                                self._seconds),
            "Connected, but the subscribe was not answered",
        )  # fmt: skip
        self._skew = time.time() - seconds_of(self._subscribed.now)
        return f"{topic.merchant_id} {topic.ref}, served for {duration(self._subscribed.lasts)}"

    def publish(self, bearer: Bearer) -> str:
        """Publish, and get the receipt."""
        wire = self._wires[bearer]
        fields = {
            "merchant_id": self.roles.merchant_id,
            "ref": self.roles.ref,
            "project": "ws-notify",
            "type": "doctor",
            "status": "done",
            "message": "ws-notify doctor",
            "id": self._id,
        }
        self._published_at = wire.send(frames.publish(fields))
        receipt, _ = self._judged(
            bearer,
            lambda: wire.expect(Receipt, lambda it: it.id == self._id, self._seconds),
            "Connected, but no receipt came",
        )
        return f"accepted {receipt.accepted}, gone {receipt.gone}, failed {receipt.failed}"

    def deliver(self, bearer: Bearer) -> float:
        """Get it; return how many seconds after it was published."""
        wire = self._wires[bearer]
        _, at = self._judged(
            bearer,
            lambda: wire.expect(Notification, lambda it: it.id == self._id, self._seconds),
            "Published, but not delivered",
        )
        return at - self._published_at

    def notes(self) -> list[str]:
        """Say what will matter later."""
        said = []
        if extra := remedies.beyond_the_stage(self._address.url):
            said.append(f"Leave out /{extra}: on AWS, nothing may follow the stage (403)")
        if self.roles.minted:
            said.append("Both tokens were minted with the stage's key")
        if abs(self._skew) > _CLOCKS_DIFFER:
            said.append(f"This machine's clock is {duration(self._skew)} ahead of the service's: "
                        "tokens minted here may be refused or end early")  # fmt: skip
        said.append("API Gateway ends a connection without a frame for 10 minutes, and each after "
                    "2 hours")  # fmt: skip
        return said

    def close(self) -> None:
        """Close what is open."""
        for wire in self._wires.values():
            wire.close()

    def _judged(self, bearer: Bearer, step: Callable[[], Result], silence: str) -> Result:
        url = self._address.url
        try:
            return step()
        except HandshakeError as error:
            raise remedies.of_handshake(error, url, bearer.token, self._origin) from error
        except RefusedError as error:
            raise remedies.of_refusal(error, bearer.token) from error
        except ConnectionLostError as error:
            raise remedies.of_loss(error, url) from error
        except TimeoutError as error:
            raise remedies.of_silence(silence, self._seconds) from error
