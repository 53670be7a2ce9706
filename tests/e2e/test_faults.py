"""Fault injection, in its short form: one step at a time, on real sockets."""

from collections.abc import Iterator

import pytest

from tests.faults.case import Case
from tests.faults.cases import CASES
from tests.faults.handshake_cases import HANDSHAKES
from tests.faults.proxied_stage import REF, ProxiedStage, proxied
from tests.faults.run import notification_ids, started
from tests.kit.peer import publication
from tests.kit.proxy.faults import ALWAYS, Drop, Rule
from tests.kit.proxy.requests import Step
from tools.deploy import LocalStage


@pytest.fixture(scope="module")
def proxied_stage(stage: LocalStage) -> Iterator[ProxiedStage]:
    with proxied(stage) as behind:
        yield behind


@pytest.fixture(scope="module")
def guarded_proxied_stage(guarded: LocalStage) -> Iterator[ProxiedStage]:
    with proxied(guarded) as behind:
        yield behind


@pytest.mark.parametrize("case", [case for case in CASES if case.short], ids=str)
def test_a_publish_subscribe_or_poll_with_a_fault_gets_a_correct_reply_and_loses_nothing(
    proxied_stage: ProxiedStage, case: Case
) -> None:
    assert case.run(proxied_stage).violations == ()


@pytest.mark.parametrize("case", [case for case in HANDSHAKES if case.short], ids=str)
def test_an_authorizer_with_a_fault_accepts_a_valid_token_only_where_keys_were_read(
    guarded_proxied_stage: ProxiedStage, case: Case
) -> None:
    assert case.run(guarded_proxied_stage).violations == ()


def test_subscribers_get_a_notification_at_once_while_posts_to_another_time_out(
    proxied_stage: ProxiedStage,
) -> None:
    with started(proxied_stage) as run:
        slow, backend = run.connect(), run.connect()
        slow.subscribe(run.merchant, REF)
        (slow_id,) = proxied_stage.recent_subscribers(run.merchant)
        rule = Rule(Step.POST, Drop(), ALWAYS, only=slow_id)
        others = [run.connect() for _ in range(5)]
        for one in others:
            one.subscribe(run.merchant, REF)
        with proxied_stage.proxy.injected(rule):
            backend.send(publication(run.merchant, REF, id="it"))
            assert [one.receive()["id"] for one in others] == ["it"] * 5
            # Three attempts of a second each.
            assert rule.hits < 3
            with pytest.raises(TimeoutError):
                backend.socket.recv(timeout=0)
            receipt = backend.receive()
        assert (receipt["accepted"], receipt["gone"], receipt["failed"]) == (5, 0, 1)
        assert notification_ids(slow.subscribe(run.merchant, REF)) == ["it"]
