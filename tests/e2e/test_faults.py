"""What everybody gets when AWS does not do its part: faults on real sockets, one step at a time."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from proof.faults.calls import INDEX, POST, SAID
from proof.faults.cases import CASES, Case
from proof.faults.story import REF, Scene, Story, after, heard, scene, story
from proof.faults.trouble import ALWAYS, Answer, Drop, Hold, Rule
from proof.faults.workers import kill
from tests.e2e.peer import PATIENCE, Frame, Peer, publication
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


def killed(told: Story, step: str, actor: Peer, frame: Frame) -> None:
    """Send a frame whose function is killed when it comes to a step."""
    stage = told.scene.stage
    rule = Rule(step, Hold(), only=told.shop)
    with told.scene.proxy.troubled(rule):
        actor.send(frame)
        rule.wait_until_met(PATIENCE)
        assert kill(stage.pid, stage.outputs["PublishFunctionName"]) == 1
        # What the gateway says of it is its own, and no receipt: here a text, on AWS a frame.
        assert "receipt" not in str(actor.socket.recv(timeout=PATIENCE))


@pytest.mark.parametrize("step", [INDEX, POST])
def test_what_a_killed_publisher_stored_is_delivered_by_its_retry(place: Scene, step: str) -> None:
    with story(place) as told:
        browser, backend = told.enter(), told.enter()
        browser.subscribe(told.shop, REF)
        killed(told, step, backend, publication(told.shop, REF, id="it"))
        retry = told.publish(backend, "it")
        assert (retry["duplicate"], retry["accepted"]) == (True, 1)
        assert set(heard(after(browser))) == {"it"}
        assert told.end("", 0, 0).broken == ()


@pytest.mark.parametrize("step", [INDEX, POST])
def test_what_a_killed_publisher_stored_is_heard_at_the_next_subscribe(
    place: Scene, step: str
) -> None:
    with story(place) as told:
        browser, backend = told.enter(), told.enter()
        browser.subscribe(told.shop, REF)
        killed(told, step, backend, publication(told.shop, REF, id="it"))
        assert set(heard(browser.subscribe(told.shop, REF))) == {"it"}
        assert told.end("", 0, 0).broken == ()


@pytest.mark.parametrize("step", [SAID, POST])
def test_a_subscribe_that_was_killed_before_its_replay_loses_nothing(
    place: Scene, step: str
) -> None:
    with story(place) as told:
        browser, backend = told.enter(), told.enter()
        told.publish(backend, "earlier")
        frame = {"client": "frontend", "merchant_id": told.shop, "ref": REF}
        killed(told, step, browser, frame)
        # The subscription stood already: what is said from then on arrives by itself.
        assert told.publish(backend, "later")["accepted"] == 1
        assert "later" in heard(after(browser))
        again = heard(browser.subscribe(told.shop, REF))
        assert list(dict.fromkeys(again)) == ["earlier", "later"]
        assert told.end("", 0, 0).broken == ()
