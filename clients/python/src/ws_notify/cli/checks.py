"""The checks of `ws-notify doctor`: each returns what it found, or raises a Finding."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from ws_notify.cli import network
from ws_notify.cli.diagnosis import (
    diagnose_handshake,
    diagnose_loss,
    diagnose_rejection,
    diagnose_timeout,
    path_after_stage,
)
from ws_notify.cli.network_checks import NetworkChecks
from ws_notify.cli.probe import Probe
from ws_notify.cli.roles import Principal, Roles
from ws_notify.cli.terminal import format_duration
from ws_notify.core import frames
from ws_notify.endpoint import Endpoint
from ws_notify.exceptions import ConnectionLostError, HandshakeError, RefusedError
from ws_notify.values import Notification, Receipt, Topic

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class PageEndpoint(Endpoint):
    """An endpoint to which a page of this origin connects."""

    origin: str | None = None

    def connect_arguments(self, token: str | None) -> dict[str, Any]:
        """Add the origin."""
        # Not `super()`: a dataclass with slots is another class than the one that is written here.
        return {**Endpoint.connect_arguments(self, token), "origin": self.origin}


class Checks(NetworkChecks):
    """All of them, from the name to the delivery; `timeout` is that of an answer, in seconds.

    `faults` are what was seen in its tokens. `open` must be called with a principal before the
    checks that follow it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        roles: Roles,
        origin: str | None = None,
        timeout: float = 10.0,
        faults: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(network.target_of(endpoint.url), roles)
        self._faults = faults or {}
        self._endpoint, self._origin, self._timeout = endpoint, origin, timeout
        self._probes: dict[Principal, Probe] = {}
        self._id = f"doctor-{uuid4().hex}"
        self._published_at = 0.0
        self._subscribed: frames.Subscribed | None = None

    def open(self, principal: Principal) -> str:
        """Open a WebSocket, on a connection of its own."""
        first = self._endpoint
        endpoint = PageEndpoint(
            first.url, principal.token, first.timeouts, first.proxy, origin=self._origin
        )
        probe = self._probes[principal] = Probe(endpoint)
        self._diagnosed(principal, probe.open, "No handshake")
        return "with a token" if principal.token else "without a token"

    def subscribe(self, principal: Principal) -> str:
        """Subscribe, and learn the service's clock."""
        probe, topic = self._probes[principal], Topic(self.roles.merchant_id, self.roles.ref)
        probe.send(frames.subscribe(topic, None))
        self._subscribed, _ = self._diagnosed(
            principal,
            lambda: probe.expect(frames.Subscribed, lambda it: it.topic.key == topic.key,
                                 self._timeout),
            "Connected, but the subscribe was not answered",
        )  # fmt: skip
        self.learn_clock(self._subscribed.now)
        lifetime = format_duration(self._subscribed.lifetime)
        return f"{topic.merchant_id} {topic.ref}, served for {lifetime}"

    def publish(self, principal: Principal) -> str:
        """Publish, and get the receipt."""
        probe = self._probes[principal]
        fields = {
            "merchant_id": self.roles.merchant_id,
            "ref": self.roles.ref,
            "project": "ws-notify",
            "type": "doctor",
            "status": "done",
            "message": "ws-notify doctor",
            "id": self._id,
        }
        self._published_at = probe.send(frames.publish(fields))
        receipt, _ = self._diagnosed(
            principal,
            lambda: probe.expect(Receipt, lambda it: it.id == self._id, self._timeout),
            "Connected, but no receipt arrived",
        )
        return f"accepted {receipt.accepted}, gone {receipt.gone}, failed {receipt.failed}"

    def deliver(self, principal: Principal) -> float:
        """Receive the notification; return how many seconds after it was published."""
        probe = self._probes[principal]
        _, at = self._diagnosed(
            principal,
            lambda: probe.expect(Notification, lambda it: it.id == self._id, self._timeout),
            "Published, but not delivered",
        )
        return at - self._published_at

    def notes(self) -> list[str]:
        """Return hints that are not failures."""
        notes = []
        if extra := path_after_stage(self._endpoint.url):
            notes.append(f"Leave out /{extra}: on AWS, nothing may follow the stage (403)")
        notes += super().notes()
        notes.append("API Gateway ends a connection without a frame for 10 minutes, and each after "
                     "2 hours")  # fmt: skip
        return notes

    def close(self) -> None:
        """Close every connection."""
        for probe in self._probes.values():
            probe.close()

    def _diagnosed(
        self, principal: Principal, step: Callable[[], Result], no_answer: str
    ) -> Result:
        url = self._endpoint.url
        try:
            return step()
        except HandshakeError as error:
            fault = self._faults.get(principal.token or "")
            raise diagnose_handshake(error, url, principal.token, self._origin, fault) from error
        except RefusedError as error:
            raise diagnose_rejection(error, principal.token) from error
        except ConnectionLostError as error:
            raise diagnose_loss(error, url) from error
        except TimeoutError as error:
            raise diagnose_timeout(no_answer, self._timeout) from error
