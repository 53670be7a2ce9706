"""Every forgery at the verifier and the handler, and that a check that is taken out is found."""

from collections.abc import Callable

import pytest

from lambdas.layer import handler
from lambdas.layer.auth import tokens
from tests.fuzz.forgeries import (
    ACCEPTED,
    Tally,
    frames_at_the_handler,
    judged,
    listed_at_the_verifier,
    product_at_the_verifier,
)


@pytest.mark.parametrize(
    ("attempt", "least", "accepted"),
    [
        (listed_at_the_verifier, 220, {}),
        (product_at_the_verifier, 10_000, {"nothing": 8}),
        (frames_at_the_handler, 600, {"nothing": 20}),
    ],
)
def test_only_what_is_not_forged_is_accepted(
    attempt: Callable[[], Tally], least: int, accepted: dict[str, int]
) -> None:
    tally = attempt()
    assert tally.wrong == []
    assert tally.total >= least
    found = {group: answers[ACCEPTED] for group, answers in tally.groups().items()}
    assert {group: count for group, count in found.items() if count} == accepted


def test_the_table_has_a_row_for_each_kind_of_forgery() -> None:
    progress: list[str] = []
    result = judged({"at the verifier": product_at_the_verifier()}, progress.append)
    (table,) = result.tables
    kinds = [row[0].removeprefix("at the verifier: ") for row in table.rows]
    parts = ["algorithm", "expiry", "key", "kid", "merchant", "nothing", "ref", "role"]
    assert kinds == [*parts, "several parts at once"]
    assert (result.good, progress) == (True, [])


Patch = Callable[[pytest.MonkeyPatch], None]

MUTANTS: dict[str, tuple[Callable[[], Tally], Patch]] = {
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
    attempt, patch = MUTANTS[name]
    patch(monkeypatch)
    progress: list[str] = []
    assert not judged({"here": attempt()}, progress.append).good
    assert progress[0].startswith("here: BROKEN: ")
