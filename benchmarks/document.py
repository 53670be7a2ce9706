"""Writing the figures into docs/benchmark.md, between its markers, with the chart and the JSON."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.figures import Machine
from benchmarks.tables import Table
from tools import ToolError

_NAME: Final = "benchmark"
_BEGIN: Final = "<!-- figures: written by `make bench ARGS=--publish` -->"
_END: Final = "<!-- end of figures -->"


def publish(
    machine: Machine, tables: Sequence[Table], as_json: Path, as_chart: Path, docs: Path
) -> None:
    """Write all three. Raises ToolError where the page has lost its markers."""
    page = docs / f"{_NAME}.md"
    page.write_text(with_figures(page.read_text(), _figures(machine, tables)))
    shutil.copyfile(as_json, docs / f"{_NAME}.json")
    shutil.copyfile(as_chart, docs / f"{_NAME}.png")


def with_figures(text: str, figures: str) -> str:
    """Return the page's text with these figures in place of those it has."""
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ToolError(f"the page of the benchmark needs the lines {_BEGIN} and {_END}")
    return f"{before}{_BEGIN}\n{figures}\n{_END}{after}"


def _figures(machine: Machine, tables: Sequence[Table]) -> str:
    where = (
        f"Measured at commit {machine.commit} on {machine.date}: Python {machine.python}, "
        f"{machine.emulator}, {machine.cores} cores, {machine.system}; "
        f"load average before it started: {machine.load_before}."
    )
    return "\n\n".join((where, *(table.as_markdown() for table in tables)))
