"""The figures as a chart: three questions, one panel each."""

from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from benchmarks.fan_out import SHIPPED
from benchmarks.figures import FLOOR, PREPARED, Figures
from benchmarks.imports import CONTROL
from benchmarks.plan import SUBSCRIBERS

_OURS: Final = "#1f6feb"
_MANY_ROWS: Final = "#0a3069"
_OTHERS: Final = "#8c959f"
_NOT_COMPILED: Final = "#a5c8ff"
_OFFSET: Final = 0.12
_TWO_DIGITS: Final = 10


def draw(figures: Figures, path: Path) -> None:
    """Write the chart as PNG, without a display."""
    with mpl.rc_context({"font.size": 10, "axes.titlesize": 11, "axes.titlelocation": "left"}):
        figure = Figure(figsize=(13, 4.6), layout="constrained")
        latency, fan_out, start = figure.subplots(1, 3, width_ratios=(1.15, 1, 1))
        _draw_latency(latency, figures)
        _draw_fan_out(fan_out, figures)
        _draw_start(start, figures)
        where = figures.machine
        figure.supxlabel(
            f"One run on one machine: {where.cores} cores, Python {where.python}, "
            f"{where.emulator}, commit {where.commit}",
            fontsize=8,
            color="#57606a",
        )
        figure.savefig(path, dpi=150)


def _draw_latency(axes: Axes, figures: Figures) -> None:
    axes.set_title("From a publish to its last delivery")
    groups = (FLOOR, *SUBSCRIBERS)
    plan = figures.plan
    for rows, offset, color in (
        (plan.few_rows, -_OFFSET, _OURS),
        (plan.many_rows, _OFFSET, _MANY_ROWS),
    ):
        cells = [
            one.milliseconds
            for one in figures.latencies
            if one.rows == rows and one.subscribers != PREPARED
        ]
        places = [at + offset for at in range(len(groups))]
        p50 = [one.p50 for one in cells]
        p99 = [one.p99 for one in cells]
        axes.vlines(places, p50, p99, color=color, linewidth=1.5)
        axes.plot(places, p50, "o", color=color, label=f"{rows:,} other rows")
        axes.plot(places, [one.p90 for one in cells], "_", color=color, markersize=9)
        axes.plot(places, p99, "_", color=color, markersize=5)
        left = rows == plan.few_rows
        for place, value in zip(places, p50, strict=True):
            axes.annotate(
                f"{value:.0f}" if value >= _TWO_DIGITS else f"{value:.1f}",
                (place, value),
                xytext=(-7 if left else 7, 0),
                textcoords="offset points",
                ha="right" if left else "left",
                va="center",
                color=color,
            )
    axes.set_xticks(range(len(groups)), ["floor:\necho", *(f"{n}\nsubscr." for n in SUBSCRIBERS)])
    axes.set_xlim(-0.7, len(groups) - 0.4)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("ms (log): dot p50, bars p90 and p99")
    axes.legend(frameon=False, loc="upper left")
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_fan_out(axes: Axes, figures: Figures) -> None:
    axes.set_title("Fan-out where each post takes 10 ms")
    _bars(
        axes,
        [
            (
                f"{one.connections} by {one.by}".replace(", ", ",\n").replace(" in ", "\nin "),
                one.milliseconds.p50,
                _OURS if one.by == SHIPPED else _OTHERS,
            )
            for one in figures.fan_outs
        ],
    )
    axes.set_xlabel("ms until all are posted, p50")


def _draw_start(axes: Axes, figures: Figures) -> None:
    axes.set_title("Importing each function")
    _bars(
        axes,
        [
            (
                one.name.replace(", ", ",\n") if one.compiled else "not compiled",
                one.milliseconds.p50,
                _OTHERS if one.name == CONTROL else _OURS if one.compiled else _NOT_COMPILED,
            )
            for one in figures.starts
        ],
    )
    axes.set_xlabel(f"ms beyond bare Python {figures.starts[0].python}, p50")


def _bars(axes: Axes, bars: list[tuple[str, float, str]]) -> None:
    names, values, colors = zip(*bars, strict=True)
    drawn = axes.barh(range(len(bars)), values, color=colors, height=0.6)
    axes.bar_label(drawn, fmt="{:,.0f}", padding=3)
    axes.set_yticks(range(len(bars)), names)
    axes.set_xlim(0, max(values) * 1.2)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
