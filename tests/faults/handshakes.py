"""Stories of the authorizer that cannot read the keys of its stage.

It is invoked directly, because the local AWS keeps no log of what it does for a handshake.
"""

import json
import time
from contextlib import AbstractContextManager
from typing import Any

from tests.faults.case import Rules
from tests.faults.scenario import DEADLINE, Outcome, Scene
from tests.kit.events import captured
from tests.kit.faults import Rule
from tests.kit.peer import unique
from tests.kit.settings import setting
from tests.kit.tokens import token


class _Door:
    """The authorizer of a stage, and who stands before it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._function = scene.function("AuthorizerFunction")
        self._keys = scene.stage.keys()
        now, key = int(time.time()), self._keys["first"]
        self._known = token(now=now, key=key)
        self._unknown = {
            "a key of nobody": token(now=now, key="k" * 48),
            "another kid": token({"kid": "third"}, now=now, key=key),
            "an end that has passed": token(now=now, key=key, exp=now - 60),
        }
        self._broken: list[str] = []

    def anew(self) -> AbstractContextManager[None]:
        """Let the authorizer start anew, without keys, now and again when the block ends."""
        return setting(self._scene.functions, self._function, STARTED_ANEW=unique("proof"))

    def is_open(self, text: str) -> bool:
        """Tell whether a token is let in."""
        event: dict[str, Any] = captured("authorize")
        event["headers"] = {}
        event["queryStringParameters"] = {"token": text}
        policy, failed = self._scene.invoke(self._function, event)
        return not failed and "Allow" in json.dumps(policy)

    def known(self) -> bool:
        """Tell whether who is known gets in."""
        return self.is_open(self._known)

    def require(self, holds: object, promise: str) -> None:
        """Note a promise that does not hold."""
        if not holds:
            self._broken.append(promise)

    def look(self) -> None:
        """Note what may never be: a stranger gets in, a token or a part of a key is in the log."""
        for who, text in self._unknown.items():
            self.require(not self.is_open(text), f"{who} does not get in")
        log = self._scene.log(self._function)
        self.require("authorizer" in log or "token refused" in log, "a log")
        shown = (*(key[:16] for key in self._keys.values()), self._known, *self._unknown.values())
        self.require(not any(text in log for text in shown), "no log shows a key or a token")

    def outcome(self, seconds: float, *, known: bool) -> Outcome:
        """Return what came of who is known, after so many seconds, and what did not hold."""
        self.require(seconds < DEADLINE, "an answer within the deadline")
        reply = "who is known gets in" if known else "nobody gets in"
        return Outcome(reply, round(seconds, 2), 0, tuple(self._broken))


def authorize_without_keys(scene: Scene, rules: Rules) -> Outcome:
    """Knock at an authorizer that has no keys yet; once the trouble is over, it opens."""
    door, met = _Door(scene), rules("", "")
    with door.anew():
        known, seconds = _knock(scene, door, met)
    door.require(all(rule.hits for rule in met), "the fault is met")
    # Another one: the first would ask again only after some seconds.
    door.require(door.known(), "once the keys can be read, who is known gets in")
    return door.outcome(seconds, known=known)


def authorize_with_keys(scene: Scene, rules: Rules) -> Outcome:
    """Knock at an authorizer that has read its keys before the trouble began."""
    door = _Door(scene)
    with door.anew():
        door.require(door.known(), "before the trouble, who is known gets in")
        known, seconds = _knock(scene, door, rules("", ""))
    return door.outcome(seconds, known=known)


def _knock(scene: Scene, door: _Door, met: tuple[Rule, ...]) -> tuple[bool, float]:
    started = time.monotonic()
    with scene.proxy.troubled(*met):
        known = door.known()
        seconds = time.monotonic() - started
        door.look()
    return known, seconds
