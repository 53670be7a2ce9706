"""The faults as a part of the proof: every case of the chosen form on a stage of its own."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3

from tests.faults.case import Case
from tests.faults.cases import CASES, HANDSHAKES
from tests.faults.scenario import Outcome, scene
from tests.kit.verification import Progress, Result
from tools.deploy import local_stage
from tools.table import Table


def verify(*, long: bool, seed: str, progress: Progress) -> Result:  # noqa: ARG001 - all are tried
    """Play every fault, or those of the short form."""
    cases = [case for case in (*CASES, *HANDSHAKES) if long or case.short]
    played: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    rows = []
    with TemporaryDirectory() as folder:
        for case, outcome in _play(cases, Path(folder)):
            broken = _broken(case, outcome)
            for promise in broken:
                progress(f"{case}: BROKEN: {promise}")
            step = f"{case.tell.__name__}: {case.step}"
            played[step] += 1
            wrong[step] += bool(broken)
            rows.append({"case": str(case), **asdict(outcome), "broken": broken})
    table = Table(
        "Faults between the functions and their AWS",
        ("story and step", "faults", "promises broken"),
        [
            *((step, str(count), str(wrong[step])) for step, count in played.items()),
            ("all", str(played.total()), str(wrong.total())),
        ],
    )
    figures = {"faults": played.total(), "broken": wrong.total(), "cases": rows}
    return Result(good=not wrong.total(), tables=[table], figures=figures)


def _play(cases: list[Case], folder: Path) -> Iterator[tuple[Case, Outcome]]:
    with local_stage(folder, auth="optional") as stage:
        environment = stage.environment
        aws = boto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_REGION"],
        )
        functions = aws.client("lambda", endpoint_url=stage.endpoint)
        dynamodb = aws.client("dynamodb", endpoint_url=stage.endpoint)
        logs = aws.client("logs", endpoint_url=stage.endpoint)
        with scene(stage, functions, dynamodb, logs) as place:
            for case in cases:
                yield case, case.play(place)


def _broken(case: Case, outcome: Outcome) -> list[str]:
    answered = outcome.reply == case.answer
    return [*outcome.broken, *(() if answered else (f"{outcome.reply}, not {case.answer}",))]
