"""Scenarios of an authorizer that cannot read the keys of its stage.

It is invoked directly, because the local AWS keeps no log of what it does for a handshake.
"""

import json
import time
from contextlib import AbstractContextManager
from typing import Any

from tests.faults.case import Rules
from tests.faults.proxied_stage import ProxiedStage
from tests.faults.run import DEADLINE, Checks, Outcome
from tests.kit.deployed import changed_environment, function_names
from tests.kit.events import captured
from tests.kit.peer import unique
from tests.kit.proxy.faults import Rule
from tests.kit.tokens import token

ACCEPTED, REJECTED = "valid token accepted", "valid token rejected"


class _Authorizer(Checks):
    """The authorizer of a stage, with a valid token and some invalid ones."""

    def __init__(self, stage: ProxiedStage) -> None:
        super().__init__()
        self._stage = stage
        (self._function,) = function_names(stage.functions, "AuthorizerFunction")
        self._keys = stage.local.keys()
        now, key = int(time.time()), self._keys["first"]
        self._valid = token(now=now, key=key)
        self._invalid = {
            "a token with an unknown key": token(now=now, key="k" * 48),
            "a token with an unknown kid": token({"kid": "third"}, now=now, key=key),
            "an expired token": token(now=now, key=key, exp=now - 60),
        }

    def restarted(self) -> AbstractContextManager[None]:
        """Restart the authorizer without cached keys, now and when the block ends."""
        return changed_environment(self._stage.functions, self._function, RESTARTED=unique("run"))

    def accepts(self, text: str) -> bool:
        """Tell whether a token is accepted."""
        event: dict[str, Any] = captured("authorize")
        event["headers"] = {}
        event["queryStringParameters"] = {"token": text}
        policy, failed = self._stage.invoke(self._function, event)
        return not failed and "Allow" in json.dumps(policy)

    def accepts_valid(self) -> bool:
        """Tell whether the valid token is accepted; over HTTPS it is, too, or it fails there."""
        accepted = self.accepts(self._valid)
        event = captured("http_authorize")
        event["headers"]["authorization"] = f"Bearer {self._valid}"
        answer, failed = self._stage.invoke(self._function, event)
        right = not failed and answer["isAuthorized"] if accepted else failed
        self.require(right, f"over HTTPS the same, and no denial, which would be kept: {answer}")
        return accepted

    def accepts_with_faults(self, rules: tuple[Rule, ...]) -> bool:
        """Tell whether the valid token is accepted while the rules are in force.

        No other token may be, and neither tokens nor parts of keys may be in the log.
        """
        with self._stage.proxy.injected(*rules):
            started = time.monotonic()
            accepted = self.accepts_valid()
            self.require(time.monotonic() - started < DEADLINE, "a reply within the deadline")
            for what, text in self._invalid.items():
                self.require(not self.accepts(text), f"{what} is rejected")
        log = self._stage.log(self._function)
        self.require("authorizer" in log or "token refused" in log, "there is a log")
        secrets = (*(key[:16] for key in self._keys.values()), self._valid, *self._invalid.values())
        self.require(not any(text in log for text in secrets), "no log shows a key or a token")
        return accepted


def authorize_without_cached_keys(stage: ProxiedStage, rules: Rules) -> Outcome:
    """Authorize before any keys were read; another execution environment recovers at once."""
    authorizer, injected = _Authorizer(stage), rules("", "")
    with authorizer.restarted():
        accepted = authorizer.accepts_with_faults(injected)
    authorizer.require(all(rule.hits for rule in injected), "every fault is injected")
    # Restarted: the first would read the keys again only after some seconds.
    authorizer.require(authorizer.accepts_valid(), "afterwards a valid token is accepted")
    return authorizer.outcome(ACCEPTED if accepted else REJECTED)


def authorize_with_cached_keys(stage: ProxiedStage, rules: Rules) -> Outcome:
    """Authorize when the keys were read before the fault."""
    authorizer = _Authorizer(stage)
    with authorizer.restarted():
        authorizer.require(authorizer.accepts_valid(), "before the fault a valid token is accepted")
        accepted = authorizer.accepts_with_faults(rules("", ""))
    return authorizer.outcome(ACCEPTED if accepted else REJECTED)
