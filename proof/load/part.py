"""Load and time as a part of the proof, on a stage of its own."""

from pathlib import Path
from tempfile import TemporaryDirectory

from proof.load.figures import Figures
from proof.load.plan import LONG, SHORT, Plan
from proof.load.rates import Rates
from proof.load.story import run
from proof.result import Progress, Result
from tools.deploy import LocalStage, local_stage


def prove(*, long: bool, seed: str, progress: Progress) -> Result:
    """Load a stage, and hold every pair of notification and subscriber against both logs."""
    with TemporaryDirectory() as folder, local_stage(Path(folder)) as stage:
        figures = load(stage, LONG if long else SHORT, seed, progress)
    return Result(good=figures.good, tables=figures.tables(), figures=figures.as_json())


def load(stage: LocalStage, plan: Plan, seed: str, progress: Progress) -> Figures:
    """Load a stage as planned."""
    done, vanished = run(stage, plan, seed, progress)
    rates = Rates.of(done.echoes, done.publishes, done.arrivals)
    return Figures(plan, done, vanished, rates)
