"""Load as a part of the verification, on a stage of its own."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.load.figures import Figures
from benchmarks.load.plan import LONG, SHORT, Plan
from benchmarks.load.rates import Pace, Rates
from benchmarks.load.scenario import run
from tests.kit.verification import Progress, Result
from tools.deploy import LocalStage, local_stage


def verify(*, long: bool, seed: str, progress: Progress) -> Result:
    """Load a stage, and compare the logs of publishers and subscribers pair by pair."""
    with TemporaryDirectory() as folder, local_stage(Path(folder)) as stage:
        figures = load(stage, LONG if long else SHORT, seed, progress)
    return Result(good=figures.good, tables=figures.tables(), figures=figures.as_json())


def load(stage: LocalStage, plan: Plan, seed: str, progress: Progress) -> Figures:
    """Load a stage as planned."""
    done, disconnects = run(stage, plan, seed, progress)
    rates = Rates.of(done.echoes, done.publishes, done.arrivals)
    paces = {
        "nothing": Pace.of(done.alone, done.alone),
        "polls": Pace.of(done.polls, done.alone),
        "as many requests that do nothing": Pace.of(done.nothing, done.alone),
    }
    return Figures(plan, done, disconnects, rates, paces)
