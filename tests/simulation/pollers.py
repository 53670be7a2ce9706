"""Pages that poll over HTTPS, and change between that and a WebSocket, as protocol.md says."""

import json
from collections import Counter
from typing import Any

from lambdas.layer.auth.principal import FRONTEND, Identity
from lambdas.layer.http_events import NOTIFICATIONS
from tests.simulation.actors import Client
from tests.simulation.records import PollSent
from tests.simulation.scenario import TOPICS, Script, Step
from tests.simulation.simulation import Simulation
from tests.simulation.tasks import NEVER, Invocation

_MAX_TRIES = 3

_LOST, _LATE = 6, 7
_ARRIVES = 8
"""An answer arrives at once, later than others, or never."""

_RETRY_AFTER = 2_000
"""Milliseconds after which a page asks again that got no answer, or an error."""

_TOKEN_LIFETIMES = (30 * 60_000,) * 7 + (1_500,)
"""Milliseconds; each request asks for a token of its own."""


class Poller(Client):
    """A client that may poll, too: on any change of transport it goes on from the last `now`.

    A poll without an answer is sent again with the `since` of before. There is one at a time for a
    topic, no sooner than `poll_after`.
    """

    def __init__(self, simulation: Simulation, script: Script) -> None:
        super().__init__(simulation, script)
        self._polling: set[int] = set()
        self._ready_at: Counter[int] = Counter()
        self._tries: Counter[int] = Counter()

    def has_ended(self) -> bool:
        """Whether it has no step left, nor a poll that it may have to send again."""
        return super().has_ended() and not self._polling

    def waits_until(self) -> int:
        """Return when the next poll may be sent."""
        step = self.steps[-1] if self.steps else None
        if step is None or step.kind != "poll" or step.topic in self._polling:
            return NEVER
        return self._ready_at[step.topic]

    def _can_do(self, step: Step) -> bool:
        if step.kind == "poll":
            return self.waits_until() <= self._simulation.now
        return super()._can_do(step)

    def _do(self, step: Step) -> None:
        if step.kind == "poll":
            self._poll(step)
        else:
            super()._do(step)

    def _poll(self, step: Step) -> None:
        simulation, topic = self._simulation, TOPICS[step.topic]
        expires_at_ms = simulation.now + simulation.choices.of(_TOKEN_LIFETIMES)
        principal = Identity(
            FRONTEND, topic.merchant_id, frozenset({str(topic.ref)}), expires_at_ms
        )
        body = {"merchant_id": topic.merchant_id, "ref": topic.ref}
        if step.topic in self._since:
            body["since"] = self._since[step.topic]
        poll = PollSent(self._name, topic.key, simulation.history.event(), expires_at_ms)

        def returned(invocation: Invocation, response: dict[str, Any] | None) -> None:
            arrives = simulation.choices.below(_ARRIVES)
            if response is None or response["statusCode"] != 200 or arrives == _LOST:
                self._failed(step)
            elif arrives == _LATE:
                simulation.pending.append(
                    lambda: self._answered(step, poll, response["body"], invocation)
                )
            else:
                self._answered(step, poll, response["body"], invocation)

        self._polling.add(step.topic)
        simulation.poll(poll, _event(body, self._request_id(), simulation.now), principal, returned)

    def _answered(self, step: Step, poll: PollSent, body: str, invocation: Invocation) -> None:
        answer = json.loads(body)
        simulation, topic = self._simulation, step.topic
        simulation.polls.received(poll, answer, invocation, simulation.now)
        self._since[topic] = answer["now"]
        self._tries[topic] = 0
        self._end(topic, answer["poll_after"])

    def _failed(self, step: Step) -> None:
        self._tries[step.topic] += 1
        self._end(step.topic, _RETRY_AFTER)
        if self._tries[step.topic] < _MAX_TRIES:
            self.steps.append(step)

    def _end(self, topic: int, wait: int) -> None:
        self._polling.discard(topic)
        self._ready_at[topic] = self._simulation.now + wait


def _event(body: dict[str, Any], request_id: str, now: int) -> dict[str, Any]:
    """Return the part of an HTTP API's event that the function reads: tests/kit/events."""
    return {
        "version": "2.0",
        "routeKey": NOTIFICATIONS,
        "headers": {},
        "requestContext": {
            "http": {"method": "POST"},
            "requestId": request_id,
            "timeEpoch": now,
        },
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
