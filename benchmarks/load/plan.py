"""How much load, and who subscribes to what."""

from dataclasses import dataclass
from typing import Final

from tests.kit.peer import unique

Topic = tuple[str, int]
"""A merchant and a ref. The merchants use the same refs, so both halves of a key matter."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Counts of one run: `windows` of echoes and as many of publishes, each of so many `seconds`.

    As many again of publishes at a `pace`, in seconds: alone, beside `pollers` of the first topics,
    and beside requests that do nothing; of either, `at_once` ask at the same time.

    `subscribers` is a multiple of `topics`, and `topics` of `merchants`. Of the subscribers of each
    topic, `disconnects` disconnect abruptly in the end; at least one stays.
    """

    subscribers: int
    topics: int
    merchants: int
    publishers: int
    pollers: int
    at_once: int
    pace: float
    windows: int
    seconds: float
    disconnects: int


LONG: Final = Plan(
    subscribers=500,
    topics=100,
    merchants=4,
    publishers=20,
    pollers=200,
    at_once=16,
    pace=2,
    windows=6,
    seconds=10,
    disconnects=2,
)
SHORT: Final = Plan(
    subscribers=50,
    topics=10,
    merchants=2,
    publishers=4,
    pollers=20,
    at_once=4,
    pace=0.25,
    windows=2,
    seconds=1,
    disconnects=2,
)


def assign(plan: Plan) -> list[Topic]:
    """Return the topic of each subscriber; the first subscribers of all topics come first."""
    merchants = [unique("shop") for _ in range(plan.merchants)]
    refs = range(plan.topics // plan.merchants)
    topics = [(merchant, ref) for ref in refs for merchant in merchants]
    return topics * (plan.subscribers // plan.topics)
