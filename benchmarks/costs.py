"""`make costs`: count the AWS usage of a wait, price it, and write the tables into docs/costs.md.

The table of the monthly totals goes into README.md.
"""

import math
import tomllib
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Final

from benchmarks.bill import MILLION, Prices, Range, bill, cheaper_from, log_bytes, traces
from benchmarks.gateway import Counts
from benchmarks.waits import BLOCKED, Kind, Stage, count
from tools.page import with_figures
from tools.table import Table
from tools.terminal import exit_status, say

_ROOT: Final = Path(__file__).parent.parent
COMMAND: Final = "make costs"

_PRICES: Final = Path(__file__).parent / "prices.toml"
_WAITS: Final = (10_000, MILLION, 30 * MILLION)
_KINDS: Final[dict[Kind, str]] = {
    "socket": "a socket",
    "invocation": "invocation",
    "https": "HTTPS",
    "blocked": "HTTPS, blocked",
    "blocked_hidden": "HTTPS, blocked, hidden",
}


def main() -> int:
    """Write the figures, and print them."""
    written = pages(counted(), prices())
    for page, text in written.items():
        page.write_text(with_figures(page.read_text(), COMMAND, text))
    say("\n\n".join(written.values()))
    return 0


def prices() -> Prices:
    """Return the prices of AWS and of other products, with the date they were read."""
    return tomllib.loads(_PRICES.read_text())


def counted() -> list[Stage]:
    """Count the waits of a stage without tokens, and of one that requires them."""
    return [count("off"), count("required")]


def pages(stages: Sequence[Stage], prices: Prices) -> dict[Path, str]:
    """Return the figures of each page, in Markdown."""
    return {
        _ROOT / "README.md": _summary(stages, prices).as_markdown(),
        _ROOT / "docs" / "costs.md": _figures(stages, prices),
    }


def _summary(stages: Sequence[Stage], prices: Prices) -> Table:
    columns = ("`auth`, published by", *(f"{waits:,} waits" for waits in _WAITS))
    rows: list[tuple[str, ...]] = [
        (
            f"{stage.auth}, {_KINDS[kind]}",
            *(_total(counts, stage, prices, waits) for waits in _WAITS),
        )
        for stage in stages
        for kind, counts in stage.waits.items()
        if kind != "blocked_hidden"
    ]
    return Table(f"Dollars a month, prices read in {prices['read']}", columns, rows)


def _total(counts: Counts, stage: Stage, prices: Prices, waits: int) -> str:
    of = bill(counts, stage.memory_mb, prices, waits)
    return _range(of.total(fixed_costs(stage, prices)))


def _figures(stages: Sequence[Stage], prices: Prices) -> str:
    tables = (_counts(stages, prices), _dollars(stages, prices), _alternatives(stages[-1], prices))
    counts, dollars, alternatives = (table.as_markdown() for table in tables)
    return "\n\n".join((counts, dollars, _assumed(stages[-1], prices), alternatives))


def _counts(stages: Sequence[Stage], prices: Prices) -> Table:
    columns = (
        "`auth`",
        "published by",
        "invocations",
        "frames",
        "requests",
        "units written",
        "read",
        "kB logged",
    )
    rows: list[tuple[str, ...]] = [
        (
            *(stage.auth, _KINDS[kind], str(counts.invocations.total()), str(len(counts.frames))),
            *(str(len(counts.requests)), str(counts.write_units), f"{counts.read_units:g}"),
            f"{log_bytes(counts, prices) / 1000:.1f}",
        )
        for stage in stages
        for kind, counts in stage.waits.items()
    ]
    return Table("One wait, counted", columns, rows)


def _dollars(stages: Sequence[Stage], prices: Prices) -> Table:
    columns = (
        *("`auth`, published by", "waits", "API Gateway", "Lambda", "DynamoDB", "logs", "fixed"),
        *("**total**", "traces, where on"),
    )
    rows: list[tuple[str, ...]] = []
    for stage in stages:
        fixed = fixed_costs(stage, prices)
        for kind, counts in stage.waits.items():
            for waits in _WAITS:
                of = bill(counts, stage.memory_mb, prices, waits)
                parts = (of.functions, of.dynamodb, of.logs, fixed)
                rows.append(
                    (
                        *(f"{stage.auth}, {_KINDS[kind]}", f"{waits:,}", _range(of.api_gateway)),
                        *map(_money, parts),
                        f"**{_range(of.total(fixed))}**",
                        _range(traces(counts, prices, waits)),
                    )
                )
    return Table(f"Dollars a month by service, prices read in {prices['read']}", columns, rows)


def _alternatives(stage: Stage, prices: Prices) -> Table:
    """Compare with `required`, at its most and at its least expensive; no wait is blocked."""
    fixed = fixed_costs(stage, prices)
    ours = [
        bill(of, stage.memory_mb, prices, MILLION).total(0)
        for kind, of in stage.waits.items()
        if kind not in BLOCKED
    ]
    lowest, highest = min(low for low, _ in ours), max(high for _, high in ours)
    rows: list[tuple[str, ...]] = []
    for other in prices["alternatives"]:
        (month, months), (million, millions) = other["month"], other["million"]
        first = cheaper_from(month, million, fixed, highest)
        last = cheaper_from(months, millions, fixed, lowest)
        rows.append(
            (other["name"], _range((month + million, months + millions)), _from(first, last))
        )
    title = "Alternatives, compared with the most and the least expensive of `required`"
    return Table(title, ("what", "dollars for a million", "cheaper from, waits a month"), rows)


def _assumed(stage: Stage, prices: Prices) -> str:
    of = prices["estimates"]
    text = (
        "A range covers what is not established: whether API Gateway bills connecting and "
        "disconnecting as messages, a started minute as a whole one, and the preflight that it "
        "answers itself; whether X-Ray traces the first invocation of each second of the stage or "
        "of each function. The duration is an "
        f"estimate, not measured on AWS: {of['milliseconds_an_invocation']} ms an invocation, and "
        f"{of['milliseconds_a_call']} ms for each call that it makes. Fixed costs are the "
        f"dashboard, {_alarmed(stage)} metrics under alarm, {stage.metrics} custom metrics and the "
        "secret, as with `required`. Cold starts, stored data, data transfer, failures, the access "
        "log's line of a preflight, discounts for volume, and what event rules and a publish queue "
        "add are left out. Traces assume that waits start at random times, at a constant rate."
    )
    return fill(text, 104)


def fixed_costs(stage: Stage, prices: Prices) -> float:
    """Return the fixed costs of a stage a month, by its template and its metrics."""
    watch, secrets = prices["cloudwatch"], prices["secrets_manager"]
    reads = prices["estimates"]["secret_reads"] / 10_000 * secrets["ten_thousand_reads"]
    costs: float = (
        _alarmed(stage) * watch["alarm_on_a_metric"]
        + len(stage.all("AWS::CloudWatch::Dashboard")) * watch["dashboard"]
        + stage.metrics * watch["custom_metric"]
        + len(stage.all("AWS::SecretsManager::Secret")) * (secrets["secret"] + reads)
    )
    return costs


def _alarmed(stage: Stage) -> int:
    """Count the metrics of alarms; an alarm on metric math may have several."""
    listed = [alarm.get("Metrics", ()) for alarm in stage.all("AWS::CloudWatch::Alarm").values()]
    return sum(sum("MetricStat" in metric for metric in metrics) or 1 for metrics in listed)


def _money(dollars: float) -> str:
    """Write two digits, down to a cent."""
    rounded = float(f"{dollars:.2g}")
    if rounded >= 10:  # noqa: PLR2004 - two digits before the point
        return f"{rounded:,.0f}"
    return f"{rounded:.1f}" if rounded >= 1 else f"{dollars:.2f}"


def _range(dollars: Range) -> str:
    low, high = map(_money, dollars)
    return low if low == high else f"{low} to {high}"


def _from(first: float, last: float) -> str:
    if math.isinf(first):
        return "never"
    if last == 0:
        return "any number"
    if math.isinf(last):
        return f"{_money(first)} million, or never"
    return f"{_range((first, last))} million"


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
