"""The checks of `ws-notify doctor --http`: each returns what it found, or raises a Finding."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from ws_notify.cli import network
from ws_notify.cli.diagnosis import Finding, diagnose_timeout
from ws_notify.cli.http_diagnosis import diagnose_address, diagnose_answer
from ws_notify.cli.network_checks import NetworkChecks
from ws_notify.cli.roles import Principal, Roles
from ws_notify.core import frames
from ws_notify.core.http_answer import HttpAnswer
from ws_notify.exceptions import HandshakeError, RefusedError, WsNotifyError
from ws_notify.http_endpoint import HttpEndpoint
from ws_notify.transport.http import HttpTransport
from ws_notify.values import Receipt


@dataclass(frozen=True, slots=True)
class PageHttpEndpoint(HttpEndpoint):
    """An endpoint that a page of this origin asks."""

    origin: str | None = None

    def headers(self, token: str | None) -> dict[str, str]:
        """Add the origin."""
        # Not `super()`: a dataclass with slots is another class than the one that is written here.
        headers = HttpEndpoint.headers(self, token)
        return {**headers, "Origin": self.origin} if self.origin else headers


class HttpChecks(NetworkChecks):
    """From the name to a notification; `timeout` is that of an answer, in seconds.

    `faults` are what was seen in its tokens.
    """

    def __init__(
        self,
        endpoint: HttpEndpoint,
        roles: Roles,
        origin: str | None = None,
        timeout: float = 30.0,
        faults: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(network.target_of_http(endpoint), roles)
        self._faults = faults or {}
        self._url, self._origin, self._timeout = endpoint.url, origin, timeout
        page = PageHttpEndpoint(
            endpoint.url, None, endpoint.timeouts, endpoint.proxy, origin=origin
        )
        self._transport = HttpTransport(page)
        self._id = f"doctor-{uuid4().hex}"
        self._published = False

    def publish(self, principal: Principal) -> str:
        """Publish, and get the receipt."""
        fields = {
            **self._topic,
            "project": "ws-notify",
            "type": "doctor",
            "status": "done",
            "message": "ws-notify doctor",
            "id": self._id,
        }
        answer = self._ask("/publish", frames.publish(fields), principal)
        receipt = answer.read(self._id)
        if not isinstance(receipt, Receipt):
            raise self._diagnosed(receipt, principal)
        self._published = True
        return f"accepted {receipt.accepted}, gone {receipt.gone}, failed {receipt.failed}"

    def poll(self, principal: Principal) -> str:
        """Ask for the notifications, of which a published one must be one."""
        answer = self._ask("/notifications", frames.encode(self._topic), principal)
        try:
            found = json.loads(answer.text)
            ids = [each["id"] for each in found["notifications"]]
            self.learn_clock(found["now"])
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise self._diagnosed(answer.error(), principal) from None
        if self._published and self._id not in ids:
            raise Finding(
                "Published, but not among the notifications of its ref",
                "The function default does not read what it stored: see its log",
            )
        return f"{self.roles.merchant_id} {self.roles.ref}, {len(ids)} within the last hour"

    @property
    def _topic(self) -> dict[str, Any]:
        return {"merchant_id": self.roles.merchant_id, "ref": self.roles.ref}

    def _ask(self, path: str, body: str, principal: Principal) -> HttpAnswer:
        answer = self._transport.post(path, body.encode(), lambda: principal.token, self._timeout)
        if answer is None:
            raise diagnose_timeout("Connected, but the request was not answered", self._timeout)
        if isinstance(answer, WsNotifyError):
            raise self._diagnosed(answer, principal)
        self.learn_clock_by_date(answer.date)
        return answer

    def _diagnosed(self, error: WsNotifyError, principal: Principal) -> Finding:
        if not isinstance(error, RefusedError | HandshakeError):
            return diagnose_address(error, self._url)
        fault = self._faults.get(principal.token or "")
        return diagnose_answer(error, principal.token, self._origin, fault, self.clock_warning())

    def close(self) -> None:
        """Close its connection."""
        self._transport.close()
