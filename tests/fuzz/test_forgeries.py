"""Every forgery at the verifier and the handler, and that a check that is taken out is found."""

from collections.abc import Callable, Iterator

import pytest

from lambdas.layer import handler
from lambdas.layer.auth import tokens
from tests.fuzz.forgeries import (
    ACCEPTED,
    Attempt,
    frames_at_the_handler,
    judged,
    listed_at_the_verifier,
    product_at_the_verifier,
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
