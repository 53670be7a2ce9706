"""What everybody gets when AWS does not do its part: faults on real sockets, one step at a time."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.faults.case import Case
from tests.faults.cases import CASES, HANDSHAKES
from tests.faults.scenario import REF, Scene, heard, scene, story
from tests.kit.calls import POST
from tests.kit.faults import ALWAYS, Answer, Drop, Rule
from tests.kit.peer import publication
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient


@pytest.fixture(scope="module")
def place(
    stage: LocalStage,
    functions: "LambdaClient",
    dynamodb: "DynamoDBClient",
    logs: "CloudWatchLogsClient",
) -> Iterator[Scene]:
    with scene(stage, functions, dynamodb, logs) as here:
        yield here


@pytest.fixture(scope="module")
def guarded_place(
    guarded: LocalStage, guarded_session: boto3.Session, guarded_dynamodb: "DynamoDBClient"
) -> Iterator[Scene]:
    functions = guarded_session.client("lambda", endpoint_url=guarded.endpoint)
    logs = guarded_session.client("logs", endpoint_url=guarded.endpoint)
    with scene(guarded, functions, guarded_dynamodb, logs) as here:
        yield here


@pytest.mark.parametrize("case", [case for case in CASES if case.short], ids=str)
def test_a_fault_is_answered_truly_and_healed(place: Scene, case: Case) -> None:
    outcome = case.play(place)
    assert outcome.broken == ()
    assert outcome.reply == case.answer


@pytest.mark.parametrize("case", [case for case in HANDSHAKES if case.short], ids=str)
def test_without_keys_nobody_gets_in_but_who_was_known(guarded_place: Scene, case: Case) -> None:
    outcome = case.play(guarded_place)
    assert outcome.broken == ()
    assert outcome.reply == case.answer


def test_the_living_hear_at_once_while_one_connection_is_slow(place: Scene) -> None:
    with story(place) as told:
        slow, backend = told.enter(), told.enter()
        slow.subscribe(told.shop, REF)
        (the_slow,) = place.joined(told.shop)
        rule = Rule(POST, Drop(), ALWAYS, only=the_slow)
        living = [told.enter() for _ in range(5)]
        for one in living:
            one.subscribe(told.shop, REF)
        with place.proxy.troubled(rule):
            backend.send(publication(told.shop, REF, id="it"))
            assert [one.receive()["id"] for one in living] == ["it"] * 5
            # The slow one has not used up its three attempts yet, of a second each.
            assert rule.hits < 3
            with pytest.raises(TimeoutError):
                backend.socket.recv(timeout=0)
            receipt = backend.receive()
        assert (receipt["accepted"], receipt["gone"], receipt["failed"]) == (5, 0, 1)
        assert heard(slow.subscribe(told.shop, REF)) == ["it"]


def test_a_failing_post_arrives_at_the_next_subscribe(place: Scene) -> None:
    with story(place) as told:
        failing, backend = told.enter(), told.enter()
        failing.subscribe(told.shop, REF)
        with place.proxy.troubled(Rule(POST, Answer(500), ALWAYS, only=told.shop)):
            receipt = told.publish(backend, "it")
        assert (receipt["accepted"], receipt["gone"], receipt["failed"]) == (0, 0, 1)
        assert failing.nothing_waits()
        frames = failing.subscribe(told.shop, REF, since=receipt["sent_at"])
        assert heard(frames) == ["it"]
