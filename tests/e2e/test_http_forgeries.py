"""Forged, missing and foreign tokens in real requests, where tokens are required and optional."""

from collections.abc import Iterator

import pytest

from tests.fuzz.attempts import ACCEPTED
from tests.fuzz.http_forgeries import requests
from tools.deploy import LocalStage, local_stage

SAMPLED = 5
"""Of the product of a token's parts; the table is tried as a whole."""


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStage]:
    """Return a stage where tokens are optional."""
    with local_stage(tmp_path_factory.mktemp("lenient"), auth="optional") as running:
        yield running


def _accepted(stage: LocalStage, *, required: bool) -> set[str]:
    """Return the groups of what reached the function, after all of it was found to be right."""
    attempts = list(requests(stage, SAMPLED, "a seed", required=required))
    assert [attempt for attempt in attempts if not attempt.right] == []
    assert len(attempts) > 400
    return {attempt.group for attempt in attempts if attempt.answer == ACCEPTED}


def test_where_tokens_are_required_no_other_request_reaches_the_function(
    guarded: LocalStage,
) -> None:
    assert _accepted(guarded, required=True) == {"nothing"}


def test_where_tokens_are_optional_one_without_a_token_does_and_none_with_a_forged_one(
    lenient: LocalStage,
) -> None:
    assert _accepted(lenient, required=False) == {"nothing", "no token"}
