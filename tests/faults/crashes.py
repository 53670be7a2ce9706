"""Stories of a function that is killed with SIGKILL, within a publish or a subscribe."""

import time

from tests.faults.case import Rules
from tests.faults.scenario import REF, Outcome, Scene, Story, after, heard, story
from tests.faults.workers import kill
from tests.kit.peer import PATIENCE, Frame, Peer, publication

_DELIVERED = "delivered"


def killed_then_retried(scene: Scene, rules: Rules) -> Outcome:
    """Publish, be killed, and publish again with the same id."""
    with story(scene) as told:
        browser, backend = told.enter(), told.enter()
        browser.subscribe(told.shop, REF)
        _killed(told, rules, backend, publication(told.shop, REF, id="it"), "notification#it")
        retry = told.publish(backend, "it")
        told.require(
            (retry.get("duplicate"), retry.get("accepted")) == (True, 1),
            f"a retry is a duplicate and arrives: {retry}",
        )
        ids = heard(after(browser))
        told.require(set(ids) == {"it"}, f"what was stored is delivered by the retry: {ids}")
        return told.end(_DELIVERED, 0, len(set(ids)))


def killed_then_heard(scene: Scene, rules: Rules) -> Outcome:
    """Publish and be killed; who subscribes again hears what was stored."""
    with story(scene) as told:
        browser, backend = told.enter(), told.enter()
        browser.subscribe(told.shop, REF)
        _killed(told, rules, backend, publication(told.shop, REF, id="it"), "notification#it")
        ids = heard(browser.subscribe(told.shop, REF))
        told.require(set(ids) == {"it"}, f"what was stored is heard at the next subscribe: {ids}")
        return told.end(_DELIVERED, 0, 0)


def subscribe_killed(scene: Scene, rules: Rules) -> Outcome:
    """Subscribe and be killed before the replay; the subscription stands."""
    with story(scene) as told:
        browser, backend = told.enter(), told.enter()
        told.publish(backend, "earlier")
        frame = {"client": "frontend", "merchant_id": told.shop, "ref": REF}
        _killed(told, rules, browser, frame)
        receipt = told.publish(backend, "later")
        told.require(receipt.get("accepted") == 1, f"the next publish arrives: {receipt}")
        told.require("later" in heard(after(browser)), "what is said from then on is heard")
        again = list(dict.fromkeys(heard(browser.subscribe(told.shop, REF))))
        told.require(again == ["earlier", "later"], f"subscribing again brings all: {again}")
        return told.end(_DELIVERED, 0, 1)


def _killed(
    told: Story, rules: Rules, actor: Peer, frame: Frame, stored: str | None = None
) -> None:
    """Send a frame whose function is killed when it comes to a step, and a line is stored."""
    stage = told.scene.stage
    (rule,) = rules(told.shop, told.shop)
    with told.scene.proxy.troubled(rule):
        actor.send(frame)
        rule.wait_until_met(PATIENCE)
        until = time.monotonic() + PATIENCE
        while stored and stored not in told.scene.lines(told.shop) and time.monotonic() < until:
            pass  # the index is asked beside the put
        told.require(kill(stage.pid, stage.outputs["PublishFunctionName"]) == 1, "one is killed")
        # What the gateway says of it is its own, and no receipt: here a text, on AWS a frame.
        said = str(actor.socket.recv(timeout=PATIENCE))
    told.require("receipt" not in said, f"who was killed gives no receipt: {said}")
