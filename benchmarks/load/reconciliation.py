"""The publishers' log against the subscribers': every pair of a notification and a subscriber.

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
"""A notification, by its `message`, and a subscriber."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What became of every pair; from `lost` on all counts should be 0.

    `redelivered`: deliveries of an id that the subscriber had already; clients drop those.
    `failed`: posts that receipts count as failed; the next subscribe replays them. `lost`: pairs
    without a delivery beyond those. `duplicated`: pairs with more than one delivery after dropping
    known ids. `unexpected`: deliveries of what nobody published, altered, or to a subscriber of
    another topic. `unanswered`: publishes without a receipt. `wrong_receipts`: receipts whose
    counts differ from the deliveries, and deliveries with another id than the receipt's.
    """

    publishes: int
    pairs: int
    redelivered: int
    failed: int
    lost: int
    duplicated: int
    unexpected: int
    unanswered: int
    wrong_receipts: int

    @property
    def good(self) -> bool:
        """Tell whether every guarantee held; redelivered and failed posts break none."""
        broken = (
            *(self.lost, self.duplicated, self.unexpected),
            *(self.unanswered, self.wrong_receipts),
        )
        return not any(broken)


@dataclass(frozen=True, slots=True)
class Polled:
    """What became of every pair of a notification and a poller; from `lost` on: should be 0.

    `repeated`: notifications that an answer holds again, as it reaches back behind `since`. The
    rest as in Reconciliation.
    """

    pairs: int
    repeated: int
    lost: int
    duplicated: int
    unexpected: int

    @property
    def good(self) -> bool:
        """Tell whether every guarantee held."""
        return not (self.lost or self.duplicated or self.unexpected)


def reconcile(
    exchanges: Sequence[Exchange],
    arrivals: Iterable[Arrival],
    subscribers: Mapping[Topic, Iterable[int]],
) -> Reconciliation:
    """Compare what arrived with what was published; the `message` of each frame is unique."""
    expected, ids, unexpected = _compare(exchanges, arrivals, subscribers)
    receipts = {one.frame["message"]: receipt(one) for one in exchanges}
    missing = Counter(message for message, _ in expected - ids.keys())
    return Reconciliation(
        publishes=len(exchanges),
        pairs=len(expected),
        redelivered=sum(each.total() - len(each) for each in ids.values()),
        failed=sum(one.get("failed", 0) for one in receipts.values()),
        lost=sum(max(0, count - receipts[one].get("failed", 0)) for one, count in missing.items()),
        duplicated=sum(len(each) > 1 for each in ids.values()),
        unexpected=unexpected,
        unanswered=sum(not one for one in receipts.values()),
        wrong_receipts=_wrong({key: one for key, one in receipts.items() if one}, ids),
    )


def reconcile_polls(
    exchanges: Sequence[Exchange],
    arrivals: Iterable[Arrival],
    pollers: Mapping[Topic, Iterable[int]],
) -> Polled:
    """Compare what the answers to polls held with what was published; no receipt counts those."""
    expected, ids, unexpected = _compare(exchanges, arrivals, pollers)
    return Polled(
        pairs=len(expected),
        repeated=sum(each.total() - len(each) for each in ids.values()),
        lost=len(expected - ids.keys()),
        duplicated=sum(len(each) > 1 for each in ids.values()),
        unexpected=unexpected,
    )


def _compare(
    exchanges: Sequence[Exchange],
    arrivals: Iterable[Arrival],
    receivers: Mapping[Topic, Iterable[int]],
) -> tuple[set[Pair], Mapping[Pair, Counter[str]], int]:
    """Return the pairs expected, the ids that came for each, and the count of anything else."""
    published = {one.frame["message"]: one.frame for one in exchanges}
    expected = {
        (message, receiver)
        for message, frame in published.items()
        for receiver in receivers[topic(frame)]
    }
    ids: dict[Pair, Counter[str]] = defaultdict(Counter)
    unexpected = 0
    for arrival in arrivals:
        frame = arrival.frame
        pair = (frame.get("message", ""), arrival.subscriber)
        if pair in expected and _is_unaltered(frame, published[pair[0]]):
            ids[pair][frame["id"]] += 1
        else:
            unexpected += 1
    return expected, ids, unexpected


def _wrong(receipts: Mapping[str, Frame], ids: Mapping[Pair, Collection[str]]) -> int:
    delivered = Counter(message for message, _ in ids)
    wrong_counts = sum(
        not one["accepted"] <= delivered[message] <= one["accepted"] + one["failed"]
        for message, one in receipts.items()
    )
    return wrong_counts + sum(
        message in receipts and set(each) != {receipts[message]["id"]}
        for (message, _), each in ids.items()
    )


def topic(frame: Frame) -> Topic:
    """Return the topic that a frame is published to."""
    return frame["merchant_id"], frame["ref"]


def receipt(exchange: Exchange) -> Frame:
    """Return the receipt that answered a publish, or an empty frame."""
    with suppress(ValueError):  # the emulator's own error texts are not JSON
        frame = json.loads(exchange.reply)
        if isinstance(frame, dict) and frame.get("type") == "receipt":
            return frame
    return {}


def _is_unaltered(frame: Frame, published: Frame) -> bool:
    return {**published, "id": frame.get("id"), "sent_at": frame.get("sent_at")} == frame
