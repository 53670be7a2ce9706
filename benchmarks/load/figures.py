"""The result of a run, as tables and for JSON. Values only, no I/O."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from benchmarks.load.plan import Plan
from benchmarks.load.rates import Pace, Rate, Rates
from benchmarks.load.scenario import AbruptDisconnects, Load
from benchmarks.spread import spread
from tools.table import Table

REQUIRED_SHARE: Final = 0.5
"""The deliveries a second that are required, as a share of the echoes a second."""

REQUIRED_PACE: Final = 0.95
"""The publishes a second beside polls that are required, as a share of those alone, at a pace."""

_FEW: Final = 3
"""Processes of a function whose memory is listed one by one."""

_PACED: Final = ("publishes a second", "times alone", "p50 ms", "p99 ms", "times as long")

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a run; `paces`: by what there was beside the publishes."""

    plan: Plan
    load: Load
    disconnects: AbruptDisconnects
    rates: Rates
    paces: dict[str, Pace]

    @property
    def good(self) -> bool:
        """Tell whether every guarantee held; the required rates are not among them."""
        reconciled = self.load.reconciliation.good and self.disconnects.reconciliation.good
        return self.pruned and reconciled and self.load.polled.good

    @property
    def pruned(self) -> bool:
        """Tell whether the disconnected connections had rows, and have none any more."""
        before, after = self.disconnects.before, self.disconnects.after
        had_rows = before.connections == self.disconnects.gone
        return had_rows and not after.connections and not after.ledger

    def tables(self) -> list[Table]:
        """Return the tables, the judgement first."""
        plan = self.plan
        seconds = plan.windows * plan.seconds
        title = (
            f"{plan.subscribers} subscribers of {plan.topics} topics, "
            f"{plan.publishers} publishers for {seconds:g} s"
        )
        columns = ("what", "required", "measured", "met")
        timed = ("what", "a second", "times the echoes", "p50 ms", "p99 ms")
        tables = [
            Table(title, columns, [*self._relative_rates(), *self._counts(), self._rows()]),
            Table("Rates and latencies under that load", timed, list(self._rates())),
            Table(
                f"{plan.publishers} publishers at a pace, beside {plan.pollers} pollers",
                ("beside", *_PACED, "asked a second", "answered in, ms: p50", "p99"),
                [(beside, *_paced(pace)) for beside, pace in self.paces.items()],
            ),
        ]
        memory = list(self._memory())
        if memory:
            measured = ("process", "before", "after")
            tables.append(Table("Resident memory of the emulator, MB", measured, memory))
        return tables

    def as_json(self) -> dict[str, Any]:
        """Return all figures."""
        before, after = self.load.memory
        return {
            "plan": asdict(self.plan),
            "required_share_of_the_echoes": REQUIRED_SHARE,
            "required_share_beside_pollers": REQUIRED_PACE,
            "rates": asdict(self.rates),
            "publishes_beside": {beside: asdict(pace) for beside, pace in self.paces.items()},
            "polled": asdict(self.load.polled),
            "reconciliation": asdict(self.load.reconciliation),
            "megabytes": {"before": before, "after": after},
            "disconnects": asdict(self.disconnects),
        }

    def _relative_rates(self) -> Iterator[Row]:
        delivered, published = self.rates.deliveries.times_echo, self.rates.publishes.times_echo
        required = f"at least {REQUIRED_SHARE}"
        met = "yes" if delivered.median >= REQUIRED_SHARE else "NO"
        yield "deliveries a second, times the echoes", required, str(delivered), met
        yield "publishes a second, times the echoes", "", str(published), ""
        pace = self.paces["polls"].times_alone
        kept = "yes" if pace.median >= REQUIRED_PACE else "NO"
        what = "publishes a second at a pace, beside polls, times those alone"
        yield what, f"at least {REQUIRED_PACE}", str(pace), kept

    def _counts(self) -> Iterator[Row]:
        both = (self.load.reconciliation, self.disconnects.reconciliation)

        def total(name: str) -> int:
            return sum(getattr(one, name) for one in both)

        yield "publishes", "", f"{total('publishes'):,}", ""
        yield "pairs of a notification and a subscriber", "", f"{total('pairs'):,}", ""
        for name, text in (
            ("lost", "lost"),
            ("duplicated", "duplicates after dropping known ids"),
            ("unexpected", "unexpected: of another topic, or altered"),
            ("unanswered", "publishes without a receipt"),
            ("wrong_receipts", "receipts that differ from the deliveries"),
        ):
            yield text, "0", str(total(name)), "NO" if total(name) else "yes"
        yield "delivered again with the same id", "", str(total("redelivered")), ""
        yield "posts that a receipt counts as failed", "", str(total("failed")), ""
        polled = self.load.polled
        yield "pairs of a notification and a poller", "", f"{polled.pairs:,}", ""
        for text, number in (
            ("lost by pollers", polled.lost),
            ("duplicates of pollers after dropping known ids", polled.duplicated),
            ("unexpected in an answer to a poll", polled.unexpected),
        ):
            yield text, "0", str(number), "NO" if number else "yes"
        yield (
            "requests of pollers that were not answered with 200",
            "",
            str(self.paces["polls"].refused),
            "",
        )

    def _rows(self) -> Row:
        done = self.disconnects
        before = f"{done.before.connections} and {done.before.ledger} before"
        after = f"{done.after.connections} and {done.after.ledger} after"
        return (
            f"rows of {done.gone} abrupt disconnects, in connections table and ledger",
            "0 after the next publish",
            f"{before}, {after}",
            "yes" if self.pruned else "NO",
        )

    def _rates(self) -> Iterator[Row]:
        for text, rate in (
            ("echoes, until the echo arrives", self.rates.echoes),
            ("publishes, until the receipt arrives", self.rates.publishes),
            ("deliveries, from the publish", self.rates.deliveries),
        ):
            yield text, *_cells(rate)

    def _memory(self) -> Iterator[Row]:
        before, after = self.load.memory
        for name in sorted(after):
            yield name, _megabytes(before.get(name, [])), _megabytes(after[name])


def _cells(rate: Rate) -> Row:
    return (
        str(spread(rate.per_second)),
        str(rate.times_echo),
        f"{rate.milliseconds.p50:.0f}",
        f"{rate.milliseconds.p99:.0f}",
    )


def _paced(pace: Pace) -> Row:
    taken, asked = pace.milliseconds, pace.asked_milliseconds
    return (
        *(str(spread(pace.publishes)), str(pace.times_alone)),
        *(f"{taken.p50:.0f}", f"{taken.p99:.0f}", str(pace.times_as_long), str(spread(pace.asked))),
        *((f"{asked.p50:.0f}", f"{asked.p99:.0f}") if asked else ("", "")),
    )


def _megabytes(processes: list[float]) -> str:
    if len(processes) > _FEW:
        return f"{len(processes)} of {min(processes):.0f} to {max(processes):.0f}"
    return " + ".join(f"{one:.0f}" for one in sorted(processes)) or "none"
