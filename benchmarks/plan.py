"""How much is measured: the full run, and a quick one for those who work on the benchmark."""

from dataclasses import dataclass
from typing import Final

SUBSCRIBERS: Final = (1, 10, 50)
MOST: Final = SUBSCRIBERS[-1]


@dataclass(frozen=True, slots=True)
class Plan:
    """Counts of one run. A round is one pair: everything in it is measured in turns."""

    few_rows: int
    many_rows: int
    latency_rounds: int
    publishes_a_round: int
    fan_out_rounds: int
    import_rounds: int
    retained_megabytes: tuple[int, ...]


FULL: Final = Plan(
    few_rows=10,
    many_rows=20_000,
    latency_rounds=30,
    publishes_a_round=5,
    fan_out_rounds=20,
    import_rounds=20,
    retained_megabytes=(0, 1, 10),
)
QUICK: Final = Plan(
    few_rows=10,
    many_rows=500,
    latency_rounds=2,
    publishes_a_round=2,
    fan_out_rounds=2,
    import_rounds=2,
    retained_megabytes=(0, 1),
)
