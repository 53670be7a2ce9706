"""Scenarios in which the function is killed with SIGKILL within a publish or a subscribe."""

import time

from tests.faults.case import Rules
from tests.faults.processes import kill
from tests.faults.proxied_stage import REF, ProxiedStage
from tests.faults.run import Outcome, Run, notification_ids, started
from tests.kit.peer import TIMEOUT, Frame, Peer, publication

_DELIVERED = "delivered"


def crash_then_retry(stage: ProxiedStage, rules: Rules) -> Outcome:
    """Crash within a publish; the publisher publishes again with the same id."""
    with started(stage) as run:
        browser, backend = run.connect(), run.connect()
        browser.subscribe(run.merchant, REF)
        _crash(run, rules, backend, publication(run.merchant, REF, id="it"), "notification#it")
        retry = run.publish(backend, "it")
        run.require(
            (retry.get("duplicate"), retry.get("accepted")) == (True, 1),
            f"a retry is a duplicate and is posted: {retry}",
        )
        ids = notification_ids(browser.drain())
        run.require(set(ids) == {"it"}, f"a retry delivers what was stored: {ids}")
        return run.end(_DELIVERED)


def crash_then_resubscribe(stage: ProxiedStage, rules: Rules) -> Outcome:
    """Crash within a publish; the subscriber subscribes again."""
    with started(stage) as run:
        browser, backend = run.connect(), run.connect()
        browser.subscribe(run.merchant, REF)
        _crash(run, rules, backend, publication(run.merchant, REF, id="it"), "notification#it")
        ids = notification_ids(browser.subscribe(run.merchant, REF))
        run.require(set(ids) == {"it"}, f"the next subscribe delivers what was stored: {ids}")
        return run.end(_DELIVERED)


def crash_in_subscribe(stage: ProxiedStage, rules: Rules) -> Outcome:
    """Crash within a subscribe, before the replay; the subscription is stored."""
    with started(stage) as run:
        browser, backend = run.connect(), run.connect()
        run.publish(backend, "earlier")
        frame = {"client": "frontend", "merchant_id": run.merchant, "ref": REF}
        _crash(run, rules, browser, frame)
        receipt = run.publish(backend, "later")
        run.require(receipt.get("accepted") == 1, f"the next publish is posted: {receipt}")
        live = notification_ids(browser.drain())
        run.require("later" in live, f"the next notification arrives: {live}")
        replayed = list(dict.fromkeys(notification_ids(browser.subscribe(run.merchant, REF))))
        run.require(replayed == ["earlier", "later"], f"the next subscribe has all: {replayed}")
        return run.end(_DELIVERED)


def _crash(run: Run, rules: Rules, sender: Peer, frame: Frame, entry: str | None = None) -> None:
    """Send a frame, and kill its function when it reaches the step and the entry is stored."""
    local = run.stage.local
    (rule,) = rules(run.merchant, run.merchant)
    with run.stage.proxy.injected(rule):
        sender.send(frame)
        rule.wait_for_hit(TIMEOUT)
        deadline = time.monotonic() + TIMEOUT
        # The index is queried beside the put.
        while entry and entry not in run.stage.entries(run.merchant):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{entry} was not stored within {TIMEOUT} seconds")
        killed = kill(local.pid, local.outputs["PublishFunctionName"])
        run.require(killed == 1, f"one process is killed: {killed}")
        # The gateway's own reply: here a text, on AWS a frame.
        reply = str(sender.socket.recv(timeout=TIMEOUT))
    run.require("receipt" not in reply, f"a killed function sends no receipt: {reply}")
