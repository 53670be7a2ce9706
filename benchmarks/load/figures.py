"""What a run came to, as tables and for JSON. Values only, no I/O."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from benchmarks.load.plan import Plan
from benchmarks.load.rates import Rate, Rates
from benchmarks.load.scenario import Load, Vanished
from benchmarks.spread import spread
from tools.table import Table

SHARE: Final = 0.5
"""Of the rate of the echo, so much is required."""

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a run."""

    plan: Plan
    load: Load
    vanished: Vanished
    rates: Rates

    @property
    def good(self) -> bool:
        """Tell whether every promise was kept; how quickly is none."""
        return self.forgotten and self.load.reconciled.good and self.vanished.reconciled.good

    @property
    def forgotten(self) -> bool:
        """Tell whether those that vanished had rows, and have none any more."""
        before, after = self.vanished.before, self.vanished.after
        were_there = before.connections == self.vanished.gone
        return were_there and not after.connections and not after.ledger

    def tables(self) -> list[Table]:
        """Return what is printed, the judgement first."""
        plan = self.plan
        seconds = plan.windows * plan.seconds
        title = (
            f"Load: {plan.subscribers} subscribers of {plan.topics} refs, "
            f"{plan.senders} publishers for {seconds:g} s"
        )
        columns = ("what", "required", "measured", "met")
        timed = ("what", "a second", "times the echoes", "p50 ms", "p99 ms")
        tables = [
            Table(title, columns, [*self._rates(), *self._pairs(), self._rows()]),
            Table("Under that load: how many, and how long each took", timed, list(self._timed())),
        ]
        memory = list(self._memory())
        if memory:
            held = ("process", "before", "after")
            tables.append(Table("Memory of the emulator and its functions, MB", held, memory))
        return tables

    def as_json(self) -> dict[str, Any]:
        """Return all figures."""
        before, after = self.load.memory
        return {
            "plan": asdict(self.plan),
            "share_of_the_echoes_required": SHARE,
            "rates": asdict(self.rates),
            "reconciled": asdict(self.load.reconciled),
            "megabytes": {"before": before, "after": after},
            "vanished": asdict(self.vanished),
        }

    def _rates(self) -> Iterator[Row]:
        delivered, published = self.rates.deliveries.times_echo, self.rates.publishes.times_echo
        met = "yes" if delivered.median >= SHARE else "NO"
        yield "delivered a second", f"{SHARE} times the echoes", str(delivered), met
        yield "published a second", "", str(published), ""

    def _pairs(self) -> Iterator[Row]:
        both = (self.load.reconciled, self.vanished.reconciled)

        def total(name: str) -> int:
            return sum(getattr(one, name) for one in both)

        yield "publishes", "", f"{total('publishes'):,}", ""
        yield "pairs of a notification and who waits for it", "", f"{total('pairs'):,}", ""
        for name, text in (
            ("lost", "lost"),
            ("twice", "seen twice after dropping seen ids"),
            ("strange", "got by strangers, or not as it was said"),
            ("unanswered", "publishes without a receipt"),
            ("untrue", "receipts that say other than what came"),
        ):
            yield text, "0", str(total(name)), "NO" if total(name) else "yes"
        yield "came again on the wire", "", str(total("again_on_the_wire")), ""
        yield "posts that a receipt calls failed", "", str(total("failed")), ""

    def _rows(self) -> Row:
        gone, before, after = self.vanished.gone, self.vanished.before, self.vanished.after
        were = f"{before.connections} and {before.ledger} before"
        are = f"{after.connections} and {after.ledger} after"
        return (
            f"rows of {gone} that vanished, in the two tables",
            "0 after the next publish",
            f"{were}, {are}",
            "yes" if self.forgotten else "NO",
        )

    def _timed(self) -> Iterator[Row]:
        for text, rate in (
            ("echoes, to their sender", self.rates.echoes),
            ("publishes, to their receipt", self.rates.publishes),
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


def _megabytes(processes: list[float]) -> str:
    return " + ".join(f"{one:.0f}" for one in sorted(processes)) or "none"
