"""Bad input in bulk: the short form holds, is repeatable, and finds what is broken on purpose."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.layer import handler
from lambdas.layer.auth import tokens
from lambdas.layer.protocol import frames
from tests.fuzz.attempts import handshake
from tests.fuzz.guide import batch
from tests.fuzz.seeds import HANDSHAKES
from tests.fuzz.verification import verify


def test_the_short_form_holds_and_reaches_nine_branches_of_ten() -> None:
    said: list[str] = []
    result = verify(long=False, seed="a", progress=said.append)
    assert (result.good, said) == (True, [])
    assert result.figures["inputs"] == 8_000
    assert result.figures["json"] >= 0.3


def test_the_same_seed_makes_the_same_inputs() -> None:
    first, second = (batch("frames", "a", 0, 500) for _ in range(2))
    assert (first.json, first.outcomes, first.kept) == (second.json, second.outcomes, second.kept)
    assert batch("frames", "b", 0, 500).outcomes != first.outcomes


def test_of_two_authorization_headers_either_may_let_its_bearer_in() -> None:
    sent = json.loads(HANDSHAKES[0])
    assert handshake(json.dumps(sent)) == "let in"
    sent["headers"]["authorization"] = "other"
    assert handshake(json.dumps(sent)) == "let in"
    sent["headers"]["Authorization"] = "another"
    assert handshake(json.dumps(sent)) == "refused"


Patch = Callable[[pytest.MonkeyPatch], None]


def _anything(*_: Any) -> None:
    pass


BREAKS: dict[str, tuple[str, Patch]] = {
    "signatures are not looked at": (
        "tokens",
        lambda to: to.setitem(tokens._OPTIONS, "verify_signature", False),  # noqa: FBT003, SLF001 - a check that is taken out
    ),
    "a token never ends": (
        "tokens",
        lambda to: to.setattr(tokens, "_expires_at", lambda exp, _now: int(exp)),
    ),
    "fields have no rules": ("frames", lambda to: to.setattr(frames, "_validate", _anything)),
    "half a surrogate pair will do": (
        "frames",
        lambda to: to.setattr(frames, "_reject_lone_surrogates", _anything),
    ),
    "a token allows everything": (
        "frames",
        lambda to: to.setattr(handler, "authorize", _anything),
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_check_that_is_taken_out_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt, patch = BREAKS[name]
    patch(monkeypatch)
    assert batch(attempt, "a", 0, 3_000).broken
