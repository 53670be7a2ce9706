"""The scenario of a poll that meets a fault: its answer is right, or says to ask again."""

import time
from typing import Any

from tests.faults.case import Rules
from tests.faults.proxied_stage import REF, ProxiedStage
from tests.faults.run import DEADLINE, Outcome, Run, started
from tests.kit.http import Answer, ask

_MISSED = ["one", "two", "three"]


def poll(stage: ProxiedStage, rules: Rules) -> Outcome:
    """Poll for three notifications that were missed; where that fails, once more."""
    with started(stage) as run:
        backend = run.connect()
        since = _ask(run).body["now"]
        for id_ in _MISSED:
            run.publish(backend, id_)
        before, injected = stage.items(run.merchant), rules(run.merchant, run.merchant)
        with stage.proxy.injected(*injected):
            began = time.monotonic()
            answer = _ask(run, since=since)
            run.require(time.monotonic() - began < DEADLINE, "an answer comes within the deadline")
        run.require(all(rule.hits for rule in injected), "every fault is injected")
        run.require(stage.items(run.merchant) == before, "a poll writes nothing")
        if answer.status == 200:
            _check(run, answer)
            text, since = "notifications", answer.body["now"]
        else:
            wait = answer.headers.get("retry-after", "")
            run.require(wait.isdecimal() and int(wait), f"it says when to ask again: {wait!r}")
            run.require_retryable(answer.body)
            text = f"status {answer.status}"
        _check(run, _ask(run, since=since))
        run.publish(backend, "next")
        _check(run, _ask(run, since=since), "next")
        return run.end(text)


def _ask(run: Run, **more: Any) -> Answer:
    topic = {"merchant_id": run.merchant, "ref": REF}
    answer = ask(run.stage.local.http_url, "/notifications", {**topic, **more})
    kept = answer.headers.get("cache-control")
    run.require(kept == "no-store", f"no cache keeps an answer: {kept}")
    return answer


def _check(run: Run, answer: Answer, *later: str) -> None:
    """Require all that was missed, and what came later."""
    ids = [each["id"] for each in answer.body.get("notifications", ())]
    run.require(ids == [*_MISSED, *later], f"a poll brings all, oldest first: {ids}")
    run.require(answer.body.get("more") is False, "there are no others")
