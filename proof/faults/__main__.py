"""The long form: every case on a stage of its own, as a table, and as JSON.

python -m proof.faults --json PATH
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3

from proof.faults.cases import CASES, Case
from proof.faults.story import Outcome, scene
from tools.deploy import local_stage
from tools.terminal import exit_status, say


def main() -> int:
    """Return 1 where a promise was broken or an answer was not the expected one."""
    parser = argparse.ArgumentParser(prog="python -m proof.faults", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the results are written, too")
    options = parser.parse_args()
    wrong = 0
    rows = []
    with TemporaryDirectory() as folder:
        for case, outcome in _play(Path(folder)):
            say(_text(case, outcome))
            wrong += bool(outcome.broken) or outcome.reply != case.answer
            rows.append({"case": str(case), "expected": case.answer, **asdict(outcome)})
    say(f"{len(rows)} faults, {wrong} of them not answered or healed as promised")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 1 if wrong else 0


def _play(folder: Path) -> Iterator[tuple[Case, Outcome]]:
    with local_stage(folder) as stage:
        environment = stage.environment
        aws = boto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_DEFAULT_REGION"],
        )
        functions = aws.client("lambda", endpoint_url=stage.endpoint)
        dynamodb = aws.client("dynamodb", endpoint_url=stage.endpoint)
        with scene(stage, functions, dynamodb) as place:
            for case in CASES:
                yield case, case.play(place)


def _text(case: Case, outcome: Outcome) -> str:
    promises = outcome.broken
    if outcome.reply != case.answer:
        promises = (*promises, f"the answer is: {case.answer}")
    broken = "".join(f"\n    BROKEN: {promise}" for promise in promises)
    return f"{case!s:<64} {outcome.reply:<30} {outcome.at_once} {outcome.seconds:6.2f} s{broken}"


if __name__ == "__main__":
    sys.exit(exit_status(main))
