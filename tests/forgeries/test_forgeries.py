"""Every forgery at the verifier and the handler, and that a check that is taken out is found."""

from collections.abc import Callable

import pytest

from lambdas.layer import handler
from lambdas.layer.auth import tokens
from tests.forgeries.attempts import IN, Tally
from tests.forgeries.permissions import beyond
from tests.forgeries.verification import judge
from tests.forgeries.verifier import listed, product


@pytest.mark.parametrize(
    ("attempt", "least", "get_in"), [(listed, 220, 0), (product, 10_000, 8), (beyond, 600, 20)]
)
def test_only_who_forged_nothing_gets_in(
    attempt: Callable[[], Tally], least: int, get_in: int
) -> None:
    tally = attempt()
    assert tally.wrong == []
    assert tally.total >= least
    assert {group: answers[IN] for group, answers in tally.groups().items() if answers[IN]} == (
        {"nothing": get_in} if get_in else {}
    )


def test_the_table_has_a_row_for_each_kind_of_forgery() -> None:
    said: list[str] = []
    result = judge({"at the verifier": product()}, said.append)
    (table,) = result.tables
    kinds = [row[0].removeprefix("at the verifier: ") for row in table.rows]
    parts = ["algorithm", "expiry", "key", "kid", "merchant", "nothing", "ref", "role"]
    assert kinds == [*parts, "several parts at once"]
    assert (result.good, said) == (True, [])


Patch = Callable[[pytest.MonkeyPatch], None]

BREAKS: dict[str, tuple[Callable[[], Tally], Patch]] = {
    "signatures are not looked at": (
        product,
        lambda to: to.setitem(tokens._OPTIONS, "verify_signature", False),  # noqa: FBT003, SLF001 - a check that is taken out
    ),
    "a token never ends": (
        product,
        lambda to: to.setattr(tokens, "_expires_at", lambda exp, _now: int(exp)),
    ),
    "a token lets do everything": (
        beyond,
        lambda to: to.setattr(handler, "authorize", lambda *_: None),
    ),
    "a connection outlives its token": (
        beyond,
        lambda to: to.setattr(handler, "require_unexpired", lambda *_: None),
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_check_that_is_taken_out_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt, patch = BREAKS[name]
    patch(monkeypatch)
    said: list[str] = []
    assert not judge({"here": attempt()}, said.append).good
    assert said[0].startswith("here: BROKEN: ")
