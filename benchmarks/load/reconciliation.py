"""The publishers' log against the subscribers': every pair of a notification and who waits for it.

Values only, no I/O.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from benchmarks.load.plan import Topic
from benchmarks.load.publishers import Exchange
from benchmarks.load.subscribers import Arrival
from tests.kit.peer import Frame

Pair = tuple[str, int]
"""What was said, by its `message`, and a subscriber."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What became of every pair; all but the first two should be 0.

    `again_on_the_wire`: deliveries of an id that the subscriber had already; clients drop those.
    `failed`: what receipts own up to; the next subscribe brings it. `lost`: pairs of which nothing
    came, though no receipt said so. `twice`: pairs of which more than one came after dropping ids.
    `strange`: deliveries of what nobody said, not as it was said, or to whom it was not said.
    `unanswered`: publishes that no receipt answered. `untrue`: receipts that say other than what
    came, and deliveries with another id than the receipt's.
    """

    publishes: int
    pairs: int
    again_on_the_wire: int
    failed: int
    lost: int
    twice: int
    strange: int
    unanswered: int
    untrue: int

    @property
    def good(self) -> bool:
        """Tell whether every promise was kept; what is sent again, or failed, breaks none."""
        broken = (self.lost, self.twice, self.strange, self.unanswered, self.untrue)
        return not any(broken)


def reconcile(
    exchanges: Sequence[Exchange],
    arrivals: Iterable[Arrival],
    waiting: Mapping[Topic, Iterable[int]],
) -> Reconciled:
    """Hold what came against what was said; each frame's `message` is its own."""
    said = {one.frame["message"]: one.frame for one in exchanges}
    expected = {
        (message, subscriber)
        for message, frame in said.items()
        for subscriber in waiting[topic(frame)]
    }
    ids: dict[Pair, Counter[str]] = defaultdict(Counter)
    strange = 0
    for arrival in arrivals:
        frame = arrival.frame
        pair = (frame.get("message", ""), arrival.subscriber)
        if pair in expected and _as_said(frame, said[pair[0]]):
            ids[pair][frame["id"]] += 1
        else:
            strange += 1
    receipts = {one.frame["message"]: receipt(one) for one in exchanges}
    missing = Counter(message for message, _ in expected - ids.keys())
    return Reconciled(
        publishes=len(exchanges),
        pairs=len(expected),
        again_on_the_wire=sum(each.total() - len(each) for each in ids.values()),
        failed=sum(one.get("failed", 0) for one in receipts.values()),
        lost=sum(max(0, count - receipts[one].get("failed", 0)) for one, count in missing.items()),
        twice=sum(len(each) > 1 for each in ids.values()),
        strange=strange,
        unanswered=sum(not one for one in receipts.values()),
        untrue=_untrue({one: said for one, said in receipts.items() if said}, ids),
    )


def _untrue(receipts: Mapping[str, Frame], ids: Mapping[Pair, Collection[str]]) -> int:
    heard = Counter(message for message, _ in ids)
    wrong_counts = sum(
        not one["accepted"] <= heard[message] <= one["accepted"] + one["failed"]
        for message, one in receipts.items()
    )
    return wrong_counts + sum(
        message in receipts and set(each) != {receipts[message]["id"]}
        for (message, _), each in ids.items()
    )


def topic(frame: Frame) -> Topic:
    """Return what a frame is about."""
    return frame["merchant_id"], frame["ref"]


def receipt(exchange: Exchange) -> Frame:
    """Return the receipt that answered a publish, or nothing."""
    with suppress(ValueError):  # the emulator's own words are no JSON
        frame = json.loads(exchange.reply)
        if isinstance(frame, dict) and frame.get("type") == "receipt":
            return frame
    return {}


def _as_said(frame: Frame, said: Frame) -> bool:
    return {**said, "id": frame.get("id"), "sent_at": frame.get("sent_at")} == frame
