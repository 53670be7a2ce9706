"""Every forgery in process, and that a check that is taken out is found."""

from collections.abc import Callable, Iterator

import pytest

from lambdas.layer import handler, http_events
from lambdas.layer.auth import tokens
from tests.fuzz.attempts import ACCEPTED, Attempt
from tests.fuzz.forgeries import (
    frames_at_the_handler,
    judged,
    listed_at_the_verifier,
    product_at_the_verifier,
)
from tests.fuzz.functions import functions
from tests.fuzz.http_forgeries import (
    listed_at_default,
    listed_at_the_authorizer,
    requests_at_default,
)

Try = Callable[[], Iterator[Attempt]]

PARTS = ["algorithm", "expiry", "key", "kid", "merchant", "nothing", "ref", "role"]


@pytest.mark.parametrize(
    ("attempts", "groups", "least", "accepted"),
    [
        (listed_at_the_verifier, ["listed"], 220, 0),
        (product_at_the_verifier, [*PARTS, "several parts at once"], 10_000, 8),
        (
            frames_at_the_handler,
            ["expiry", "merchant", "nothing", "ref", "role", "several parts at once", "token"],
            600,
            20,
        ),
        (listed_at_the_authorizer, ["listed"], 900, 0),
        (listed_at_default, ["listed"], 450, 0),
        (
            requests_at_default,
            ["expiry", "merchant", "nothing", "ref", "role", "several parts at once", "token"],
            400,
            25,
        ),
    ],
)
def test_only_what_is_not_forged_is_accepted(
    attempts: Try, groups: list[str], least: int, accepted: int
) -> None:
    progress: list[str] = []
    result = judged({"here": attempts()}, progress.append)
    assert (result.good, progress) == (True, [])
    assert result.figures["attempts"] >= least
    answers = result.figures["answers"]
    assert list(answers) == [f"here: {group}" for group in groups]
    assert sum(each[ACCEPTED] for each in answers.values()) == accepted


MUTANTS: dict[str, tuple[Try, Callable[[pytest.MonkeyPatch], None]]] = {
    "signatures are not verified": (
        product_at_the_verifier,
        lambda to: to.setitem(tokens._OPTIONS, "verify_signature", False),  # noqa: FBT003, SLF001 - a check that is taken out
    ),
    "a token never expires": (
        product_at_the_verifier,
        lambda to: to.setattr(tokens, "_expires_at", lambda exp, _now: int(exp)),
    ),
    "frames are not authorized": (
        frames_at_the_handler,
        lambda to: to.setattr(handler, "authorize", lambda *_: None),
    ),
    "a bad token fails the authorizer over HTTPS": (
        listed_at_the_authorizer,
        lambda to: to.setattr(http_events, "is_http", lambda _: False),
    ),
    "a bad token counts as none over HTTPS": (
        listed_at_the_authorizer,
        lambda to: to.setattr(http_events, "deny", lambda: http_events.allow({})),
    ),
    "requests need no token": (
        listed_at_default,
        lambda to: to.setattr(functions()["default"], "TOKEN_REQUIRED", False),
    ),
    "requests are not authorized": (
        requests_at_default,
        lambda to: to.setattr(handler, "authorize", lambda *_: None),
    ),
    "requests outlive their token": (
        requests_at_default,
        lambda to: to.setattr(handler, "require_unexpired", lambda *_: None),
    ),
    "a connection outlives its token": (
        frames_at_the_handler,
        lambda to: to.setattr(handler, "require_unexpired", lambda *_: None),
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_check_that_is_taken_out_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts, patch = MUTANTS[name]
    patch(monkeypatch)
    progress: list[str] = []
    assert not judged({"here": attempts()}, progress.append).good
    assert progress[0].startswith("here: BROKEN: ")
