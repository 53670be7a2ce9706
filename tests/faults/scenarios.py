"""The scenarios that meet a fault; the guarantees are those of docs/protocol.md, Nothing lost.

Each ends with recovery: what a subscriber did not get, it gets by subscribing again or by the
publisher's retry.
"""

import json
import time
from contextlib import ExitStack

from tests.faults.case import Rules
from tests.faults.proxied_stage import REF, ProxiedStage
from tests.faults.run import Outcome, Run, notification_ids, replies, started
from tests.kit.deployed import function_names
from tests.kit.frames import message, request
from tests.kit.peer import TIMEOUT, Frame, Peer, peer, publication, unique
from tests.kit.proxy.faults import ALWAYS

SUBSCRIBERS = 3

_ATTEMPTS = 2
"""How often a call to DynamoDB is tried."""

_MISSED = ["one", "two", "three"]


def publish(stage: ProxiedStage, rules: Rules) -> Outcome:
    """Publish to three subscribers; the fault may be for one of them only."""
    with started(stage) as run:
        backend, affected = run.connect(), run.connect()
        affected.subscribe(run.merchant, REF)
        (affected_id,) = stage.recent_subscribers(run.merchant)
        others = [run.connect() for _ in range(SUBSCRIBERS - 1)]
        for one in others:
            one.subscribe(run.merchant, REF)
        injected = rules(run.merchant, affected_id)
        frame = publication(run.merchant, REF, id="it")
        (reply,) = replies(run.send_with_faults(injected, backend, frame))
        stored = "notification#it" in stage.entries(run.merchant)
        if not reply.get("gone"):
            kept = len(stage.recent_subscribers(run.merchant))
            run.require(kept == SUBSCRIBERS, f"no open connection is pruned: {kept} left")
        live = [notification_ids(one.drain()) for one in (affected, *others)]
        if reply["type"] == "receipt":
            _check_receipt(run, reply, live)
            if any(rule.only == affected_id for rule in injected):
                run.require(all(live[1:]), "the other subscribers get it live")
            text = "{accepted} accepted, {gone} gone, {failed} failed".format_map(reply)
        else:
            run.require_retryable(reply)
            text = f"retryable error, {'stored' if stored else 'not stored'}"
        _check_recovery(run, backend, [affected, *others], live, stored=stored)
        return run.end(text)


def _check_receipt(run: Run, receipt: Frame, live: list[list[str]]) -> None:
    counts = (receipt["accepted"], receipt["gone"], receipt["failed"])
    run.require(sum(counts) == SUBSCRIBERS, f"a receipt counts every subscriber: {counts}")
    got = sum(map(bool, live))
    run.require(receipt["accepted"] <= got, f"every accepted subscriber got it: {got}")
    run.require(receipt["duplicate"] is False, "a first publish is not a duplicate")


def _check_recovery(
    run: Run, backend: Peer, subscribers: list[Peer], live: list[list[str]], *, stored: bool
) -> None:
    """Check that the next subscribe, or the retry, delivers what was missed."""
    got = [set(ids) for ids in live]
    if stored:
        for one, ids in zip(subscribers, got, strict=True):
            ids.update(notification_ids(one.subscribe(run.merchant, REF)))
        run.require(all(got), "the next subscribe delivers what is stored")
    retry = run.publish(backend, "it")
    run.require(retry["type"] == "receipt", f"a retry succeeds: {retry}")
    run.require(retry.get("duplicate") is stored, "a retry is a duplicate where it was stored")
    run.require(retry.get("accepted") == SUBSCRIBERS, "a retry is posted to every subscriber")
    for one, ids in zip(subscribers, got, strict=True):
        ids.update(notification_ids(one.drain()))
    run.require(all(ids == {"it"} for ids in got), "every subscriber got it, and nothing else")


def conflict(stage: ProxiedStage, rules: Rules) -> Outcome:
    """Publish other content under an id that is stored."""
    with started(stage) as run:
        backend, browser = run.connect(), run.connect()
        run.publish(backend, "it")
        browser.subscribe(run.merchant, REF)
        frame = publication(run.merchant, REF, id="it", message="another")
        injected = rules(run.merchant, run.merchant)
        (reply,) = replies(run.send_with_faults(injected, backend, frame))
        run.require(not browser.drain(), "a rejected notification is not delivered")
        retry = run.publish(backend, "it")
        run.require(
            (retry.get("duplicate"), retry.get("accepted")) == (True, 1),
            f"the stored notification stays: {retry}",
        )
        run.require(notification_ids(browser.drain()) == ["it"], "a retry of it is delivered")
        return run.end("{code}, {field}".format_map(reply))


def subscribe(stage: ProxiedStage, rules: Rules) -> Outcome:
    """Subscribe to a topic of which three notifications were missed."""
    with started(stage) as run:
        backend, browser = run.connect(), run.connect()
        for id_ in _MISSED:
            run.publish(backend, id_)
        frame = {"client": "frontend", "merchant_id": run.merchant, "ref": REF}
        frames = run.send_with_faults(rules(run.merchant, run.merchant), browser, frame)
        match replies(frames):
            case [{"type": "subscribed", "replayed": replayed}]:
                # Some may come twice.
                ids = list(dict.fromkeys(notification_ids(frames)))
                run.require(ids == _MISSED, f"`subscribed` follows all, oldest first: {ids}")
                run.require(replayed == len(_MISSED), "`subscribed` counts what was replayed")
                subscribers = stage.recent_subscribers(run.merchant)
                run.require(subscribers, "a connection that is told `subscribed` is not pruned")
                text = f"subscribed, {replayed} replayed"
            case [reply]:
                run.require_retryable(reply)
                text = "retryable error"
            case _:
                text = "pruned as gone"
        if not text.startswith("subscribed"):
            again = browser.subscribe(run.merchant, REF)
            run.require(again[-1]["type"] == "subscribed", f"the retry succeeds: {again[-1]}")
            ids = notification_ids(again)
            run.require(ids == _MISSED, f"the retry replays all, oldest first: {ids}")
        receipt = run.publish(backend, "next")
        run.require(receipt.get("accepted") == 1, f"the next publish is posted: {receipt}")
        live = notification_ids(browser.drain())
        run.require(live == ["next"], f"the next notification arrives: {live}")
        return run.end(text)


def unsubscribe(stage: ProxiedStage, rules: Rules) -> Outcome:
    """Unsubscribe; where that fails, once more."""
    with started(stage) as run:
        backend, browser = run.connect(), run.connect()
        browser.subscribe(run.merchant, REF)
        frame = {"action": "unsubscribe", "merchant_id": run.merchant, "ref": REF}
        injected = rules(run.merchant, run.merchant)
        (reply,) = replies(run.send_with_faults(injected, browser, frame))
        text = "unsubscribed"
        if reply["type"] != "unsubscribed":
            run.require_retryable(reply)
            text = "retryable error"
            run.require(browser.ask(frame)["type"] == "unsubscribed", "the retry succeeds")
        receipt = run.publish(backend, "next")
        run.require(receipt.get("accepted") == 0, f"nothing is posted: {receipt}")
        run.require(not browser.drain(), "an unsubscribed connection gets nothing")
        replayed = notification_ids(browser.subscribe(run.merchant, REF))
        run.require(replayed == ["next"], f"the next subscribe replays it: {replayed}")
        return run.end(text)


def disconnect(stage: ProxiedStage, rules: Rules) -> Outcome:
    """Close a connection; where its subscription stays, the next publish prunes it."""
    with started(stage) as run:
        backend = run.connect()
        deadline = time.monotonic() + TIMEOUT
        with peer(stage.local.url) as browser:
            browser.subscribe(run.merchant, REF)
            (closing,) = stage.recent_subscribers(run.merchant)
            (rule,) = rules(closing, closing)
            lasting = rule.times == ALWAYS
            injected = ExitStack()
            injected.enter_context(stage.proxy.injected(rule))
        with injected:
            for _ in range(_ATTEMPTS if lasting else 1):
                rule.wait_for_hit(TIMEOUT)
        while not lasting and stage.recent_subscribers(run.merchant):
            if time.monotonic() > deadline:
                break
            run.require(not backend.drain(), "a publisher gets no notification")
        receipt = run.publish(backend, "it")
        run.require(receipt.get("accepted") == 0, f"nothing is posted: {receipt}")
        left = stage.recent_subscribers(run.merchant)
        run.require(not left, "no row of a dead connection outlives the publish that finds it")
        return run.end("{gone} gone".format_map(receipt))


def logs(stage: ProxiedStage, rules: Rules) -> Outcome:
    """Publish, subscribe and poll by direct invocation: no log shows the message."""
    with started(stage) as run:
        (function,) = function_names(stage.functions, "DefaultFunction")
        browser = run.connect()
        browser.subscribe(run.merchant, REF)
        (connection_id,) = stage.recent_subscribers(run.merchant)
        secret = unique("secret")
        # First in the frame: an error may quote only the beginning of a response.
        notification = {"message": secret} | publication(run.merchant, REF, message=secret)
        stage.invoke(function, notification)
        injected = rules(run.merchant, run.merchant)
        frame = {"client": "frontend", "merchant_id": run.merchant, "ref": REF}
        with stage.proxy.injected(*injected):
            published, _ = stage.invoke(function, notification)
            subscribed, _ = stage.invoke(
                function, message(json.dumps(frame), connectionId=connection_id)
            )
            topic = {"merchant_id": run.merchant, "ref": REF}
            polled, _ = stage.invoke(function, request("/notifications", json.dumps(topic)))
        run.require(all(rule.hits for rule in injected), "every fault is injected")
        found = (published, *(json.loads(one["body"]) for one in (subscribed, polled)))
        for reply in found:
            if reply["type"] == "error":
                run.require_retryable(reply)
        log = stage.log(function)
        run.require(any(reply.get("request_id", "") in log for reply in found), "there is a log")
        run.require(secret not in log, "no log shows the message")
        return run.end("not logged")
