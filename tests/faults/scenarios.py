"""The stories of a fault; what each promises is what docs/protocol.md says under Nothing lost."""

import json
import time
from contextlib import ExitStack
from typing import Any

from tests.faults.case import Rules
from tests.faults.scenario import REF, Outcome, Scene, Story, after, heard, replies, story
from tests.kit.events import captured
from tests.kit.faults import ALWAYS
from tests.kit.peer import PATIENCE, Frame, Peer, peer, publication, unique

SUBSCRIBERS = 3

_ATTEMPTS = 2
"""How often a call to DynamoDB is tried."""

_MISSED = ["one", "two", "three"]


def publish(scene: Scene, rules: Rules) -> Outcome:
    """Publish to three subscribers, of whom one may be the only one to suffer."""
    with story(scene) as told:
        backend, victim = told.enter(), told.enter()
        victim.subscribe(told.shop, REF)
        (the_victim,) = scene.joined(told.shop)
        others = [told.enter() for _ in range(SUBSCRIBERS - 1)]
        for one in others:
            one.subscribe(told.shop, REF)
        met = rules(told.shop, the_victim)
        came, seconds = told.meet(met, backend, publication(told.shop, REF, id="it"))
        (reply,) = replies(came)
        stored = "notification#it" in scene.lines(told.shop)
        if not reply.get("gone"):
            told.require(len(scene.joined(told.shop)) == SUBSCRIBERS, "nobody living is pruned")
        at_once = [heard(after(one)) for one in (victim, *others)]
        if reply["type"] == "receipt":
            _check_receipt(told, reply, at_once)
            if any(rule.only == the_victim for rule in met):
                told.require(all(at_once[1:]), "the living hear it at once")
            text = "{accepted} accepted, {gone} gone, {failed} failed".format_map(reply)
        else:
            told.require_retryable(reply)
            text = f"retryable error, {'stored' if stored else 'not stored'}"
        _check_healing(told, backend, [victim, *others], at_once, stored=stored)
        return told.end(text, seconds, sum(map(bool, at_once)))


def _check_receipt(told: Story, receipt: Frame, at_once: list[list[str]]) -> None:
    counts = (receipt["accepted"], receipt["gone"], receipt["failed"])
    told.require(sum(counts) == SUBSCRIBERS, f"a receipt counts every subscriber: {counts}")
    told.require(
        receipt["accepted"] <= sum(map(bool, at_once)), "whom a receipt calls accepted heard it"
    )
    told.require(receipt["duplicate"] is False, "a first publish is no duplicate")


def _check_healing(
    told: Story, backend: Peer, subscribers: list[Peer], at_once: list[list[str]], *, stored: bool
) -> None:
    """Check that the next subscribe, or the retry, brings what was missed."""
    got = [set(ids) for ids in at_once]
    if stored:
        for one, ids in zip(subscribers, got, strict=True):
            ids.update(heard(one.subscribe(told.shop, REF)))
        told.require(all(got), "who subscribes again gets what is stored")
    retry = told.publish(backend, "it")
    told.require(retry["type"] == "receipt", f"a retry succeeds: {retry}")
    told.require(retry.get("duplicate") is stored, "a retry is a duplicate where it was stored")
    told.require(retry.get("accepted") == SUBSCRIBERS, "a retry reaches every subscriber")
    for one, ids in zip(subscribers, got, strict=True):
        ids.update(heard(after(one)))
    told.require(all(ids == {"it"} for ids in got), "every subscriber got it, and nothing else")


def refused(scene: Scene, rules: Rules) -> Outcome:
    """Publish other content under an id that has been used."""
    with story(scene) as told:
        backend, browser = told.enter(), told.enter()
        told.publish(backend, "it")
        browser.subscribe(told.shop, REF)
        frame = publication(told.shop, REF, id="it", message="another")
        came, seconds = told.meet(rules(told.shop, told.shop), backend, frame)
        (reply,) = replies(came)
        told.require(not heard(after(browser)), "what is refused is heard by nobody")
        retry = told.publish(backend, "it")
        told.require(
            (retry.get("duplicate"), retry.get("accepted")) == (True, 1),
            f"what was stored stays: {retry}",
        )
        told.require(heard(after(browser)) == ["it"], "a retry of what was stored is heard")
        return told.end("{code}, {field}".format_map(reply), seconds, 0)


def subscribe(scene: Scene, rules: Rules) -> Outcome:
    """Subscribe to a topic of which three notifications were missed."""
    with story(scene) as told:
        backend, browser = told.enter(), told.enter()
        for id_ in _MISSED:
            told.publish(backend, id_)
        frame = {"client": "frontend", "merchant_id": told.shop, "ref": REF}
        came, seconds = told.meet(rules(told.shop, told.shop), browser, frame)
        at_once = heard(came)
        match replies(came):
            case [{"type": "subscribed", "replayed": replayed}]:
                told.require(_in_order(at_once), f"who is told `subscribed` has all: {at_once}")
                told.require(replayed == len(_MISSED), "`subscribed` counts what was replayed")
                told.require(scene.joined(told.shop), "who is told `subscribed` is not pruned")
                text = f"subscribed, {replayed} replayed"
            case [reply]:
                told.require_retryable(reply)
                text = "retryable error"
            case _:
                text = "forgotten as gone"
        if not text.startswith("subscribed"):
            again = browser.subscribe(told.shop, REF)
            told.require(again[-1]["type"] == "subscribed", f"subscribing again helps: {again[-1]}")
            told.require(heard(again) == _MISSED, "subscribing again brings all, the oldest first")
        receipt = told.publish(backend, "next")
        told.require(receipt.get("accepted") == 1, f"the next publish arrives: {receipt}")
        told.require(heard(after(browser)) == ["next"], "the next notification is heard")
        return told.end(text, seconds, int(_in_order(at_once)))


def _in_order(ids: list[str]) -> bool:
    """Tell whether all that was missed came, the oldest first; some may come twice."""
    return list(dict.fromkeys(ids)) == _MISSED


def unsubscribe(scene: Scene, rules: Rules) -> Outcome:
    """Stop receiving; where that fails, once more."""
    with story(scene) as told:
        backend, browser = told.enter(), told.enter()
        browser.subscribe(told.shop, REF)
        frame = {"action": "unsubscribe", "merchant_id": told.shop, "ref": REF}
        came, seconds = told.meet(rules(told.shop, told.shop), browser, frame)
        (reply,) = replies(came)
        text = "unsubscribed"
        if reply["type"] != "unsubscribed":
            told.require_retryable(reply)
            text = "retryable error"
            told.require(browser.ask(frame)["type"] == "unsubscribed", "once more helps")
        receipt = told.publish(backend, "next")
        told.require(receipt.get("accepted") == 0, f"nobody is posted to: {receipt}")
        told.require(not heard(after(browser)), "who unsubscribed hears nothing")
        told.require(
            heard(browser.subscribe(told.shop, REF)) == ["next"],
            "who comes back gets what was said",
        )
        return told.end(text, seconds, 0)


def disconnect(scene: Scene, rules: Rules) -> Outcome:
    """Close a connection; where its subscription stays, the next publish finds it dead."""
    with story(scene) as told:
        backend = told.enter()
        started = time.monotonic()
        with peer(scene.stage.url) as browser:
            browser.subscribe(told.shop, REF)
            (closing,) = scene.joined(told.shop)
            (rule,) = rules(closing, closing)
            lasting = rule.times == ALWAYS
            entered = ExitStack()
            entered.enter_context(scene.proxy.troubled(rule))
        with entered:
            for _ in range(_ATTEMPTS if lasting else 1):
                rule.wait_until_met(PATIENCE)
        while not lasting and scene.joined(told.shop) and time.monotonic() < started + PATIENCE:
            told.require(not heard(after(backend)), "a publisher hears no notification")
        seconds = time.monotonic() - started
        receipt = told.publish(backend, "it")
        told.require(receipt.get("accepted") == 0, f"nobody is posted to: {receipt}")
        told.require(not scene.joined(told.shop), "no dead row outlives the publish that met it")
        return told.end("{gone} gone".format_map(receipt), seconds, 0)


def unlogged(scene: Scene, rules: Rules) -> Outcome:
    """Publish and subscribe by direct invocation: what was said is in no log."""
    with story(scene) as told:
        browser, function = told.enter(), scene.function("DefaultFunction")
        browser.subscribe(told.shop, REF)
        (the_browser,) = scene.joined(told.shop)
        secret = unique("secret")
        # First in the frame: an error may quote only how an answer begins.
        said = {"message": secret} | publication(told.shop, REF, message=secret)
        scene.invoke(function, said)
        met = rules(told.shop, told.shop)
        frame = {"client": "frontend", "merchant_id": told.shop, "ref": REF}
        started = time.monotonic()
        with scene.proxy.troubled(*met):
            answers = [scene.invoke(function, said)[0]]
            event = _event(the_browser, frame)
            answers.append(json.loads(scene.invoke(function, event)[0]["body"]))
        seconds = time.monotonic() - started
        told.require(all(rule.hits for rule in met), "the fault is met")
        for answer in answers:
            if answer["type"] == "error":
                told.require_retryable(answer)
        log = scene.log(function)
        told.require(any(answer.get("request_id", "") in log for answer in answers), "a log")
        told.require(secret not in log, "what was said is in no log")
        return told.end("not logged", seconds, 0)


def _event(connection_id: str, frame: Frame) -> dict[str, Any]:
    event = captured("message")
    event["requestContext"]["connectionId"] = connection_id
    return event | {"body": json.dumps(frame)}
