"""Invalid input in bulk: the short form holds, is repeatable, and finds a check that is missing."""

from collections.abc import Callable
from typing import Any

import pytest

from lambdas.layer import gateway, handler, http_events
from lambdas.layer.auth import tokens
from lambdas.layer.protocol import bodies, frames
from tests.fuzz import verification
from tests.fuzz.functions import functions
from tests.fuzz.harnesses import Handshake, handshake
from tests.fuzz.runs import run
from tests.kit.tokens import token


def test_the_short_form_holds_and_reaches_nine_branches_of_ten() -> None:
    progress: list[str] = []
    result = verification.verify(long=False, seed="a", progress=progress.append)
    assert (result.good, progress) == (True, [])
    assert result.figures["inputs"] >= 4_000
    assert result.figures["json"] >= 0.3


def test_the_long_form_tries_its_inputs_after_those_of_the_short_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verification, "SHORT", 10)
    monkeypatch.setattr(verification, "LONG", 100)
    result = verification.verify(long=True, seed="a", progress=lambda _: None)
    assert result.figures["inputs"] >= 4 * 110
    assert not any(result.figures["broken"].values())


def test_the_same_seed_draws_the_same_inputs() -> None:
    first, second, other = (run("frames", seed, 300) for seed in ("a", "a", "b"))
    assert first == second
    assert first.outcomes != other.outcomes


def test_of_two_authorization_headers_the_first_is_used() -> None:
    good = f"Bearer {token()}"
    assert handshake(Handshake({"Authorization": good}, {})) == "accepted"
    assert handshake(Handshake({"Authorization": good, "authorization": "other"}, {})) == "accepted"
    assert handshake(Handshake({"authorization": "other", "Authorization": good}, {})) == "rejected"


Patch = Callable[[pytest.MonkeyPatch], None]


def _nothing(*_: Any) -> None:
    pass


def _fail() -> None:
    raise RuntimeError


MUTANTS: dict[str, tuple[str, Patch]] = {
    "signatures are not verified": (
        "tokens",
        lambda to: to.setitem(tokens._OPTIONS, "verify_signature", False),  # noqa: FBT003, SLF001 - a check that is taken out
    ),
    "a token never expires": (
        "tokens",
        lambda to: to.setattr(tokens, "_expires_at", lambda exp, _now: int(exp)),
    ),
    "fields are not validated": ("frames", lambda to: to.setattr(frames, "_validate", _nothing)),
    "lone surrogates are accepted": (
        "frames",
        lambda to: to.setattr(frames, "_reject_lone_surrogates", _nothing),
    ),
    "frames are not authorized": ("frames", lambda to: to.setattr(handler, "authorize", _nothing)),
    "frames of events are not authorized": (
        "events",
        lambda to: to.setattr(handler, "authorize", _nothing),
    ),
    "a connection needs no token": (
        "events",
        lambda to: to.setattr(functions()["default"], "TOKEN_REQUIRED", False),
    ),
    "bytes that are not UTF-8 are replaced": (
        "requests",
        lambda to: to.setattr(http_events, "_was_replaced", _nothing),
    ),
    "the origin of a request is not looked at": (
        "requests",
        lambda to: to.setattr(gateway, "origin_allowed", lambda *_: True),
    ),
    "a body over HTTPS may have an action": (
        "requests",
        lambda to: to.setattr(bodies, "_parse", frames.parse_object),
    ),
    "requests are not authorized": (
        "requests",
        lambda to: to.setattr(handler, "authorize", _nothing),
    ),
    "a request needs no token": (
        "requests",
        lambda to: to.setattr(functions()["default"], "TOKEN_REQUIRED", False),
    ),
    "an answer may be kept by a cache": (
        "requests",
        lambda to: to.delitem(http_events._HEADERS, "Cache-Control"),  # noqa: SLF001 - a header that is taken out
    ),
    "a token that is refused over HTTPS is a failure": (
        "handshakes",
        lambda to: to.setattr(http_events, "deny", _fail),
    ),
    "a token that is refused over HTTPS counts as none": (
        "handshakes",
        lambda to: to.setattr(http_events, "deny", lambda: http_events.allow({})),
    ),
    "the tokens of handshakes never expire": (
        "handshakes",
        lambda to: to.setattr(tokens, "_expires_at", lambda exp, _now: int(exp)),
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_check_that_is_taken_out_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    harness, patch = MUTANTS[name]
    patch(monkeypatch)
    assert run(harness, "a", verification.SHORT).broken
