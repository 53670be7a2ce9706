"""How much load, and who waits for what."""

from dataclasses import dataclass
from typing import Final

from tests.kit.peer import unique

Topic = tuple[str, int]
"""A merchant and a ref. Merchants share their refs, so that a key's every half matters."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Counts of one run: `windows` of echoing and as many of publishing, each of so many `seconds`.

    `subscribers` is a multiple of `topics`, and `topics` of `merchants`. Of the subscribers of each
    topic, `vanishing` vanish in the end, and some stay.
    """

    subscribers: int
    topics: int
    merchants: int
    senders: int
    windows: int
    seconds: float
    vanishing: int


LONG: Final = Plan(
    subscribers=500, topics=100, merchants=4, senders=20, windows=6, seconds=10, vanishing=2
)
SHORT: Final = Plan(
    subscribers=50, topics=10, merchants=2, senders=4, windows=2, seconds=1, vanishing=2
)


def assign(plan: Plan) -> list[Topic]:
    """Return what each subscriber waits for; the first ones of all topics come first."""
    merchants = [unique("shop") for _ in range(plan.merchants)]
    refs = range(plan.topics // plan.merchants)
    topics = [(merchant, ref) for ref in refs for merchant in merchants]
    return topics * (plan.subscribers // plan.topics)
