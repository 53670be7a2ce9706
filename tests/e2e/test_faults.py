"""What everybody gets when AWS does not do its part: faults on real sockets, one step at a time."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from proof.faults.cases import CASES, Case
from proof.faults.story import Scene, scene
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient


@pytest.fixture(scope="module")
def place(
    stage: LocalStage, functions: "LambdaClient", dynamodb: "DynamoDBClient"
) -> Iterator[Scene]:
    with scene(stage, functions, dynamodb) as here:
        yield here


@pytest.mark.parametrize("case", [case for case in CASES if case.short], ids=str)
def test_a_fault_is_answered_truly_and_healed(place: Scene, case: Case) -> None:
    outcome = case.play(place)
    assert outcome.broken == ()
    assert outcome.reply == case.answer
