"""A deployed stage answers as docs/openapi.json says, by schemathesis.

It sends the examples, the bounds of each field, and random bodies, good and bad.
"""

import os
import sys
from pathlib import Path

from tests.kit.programs import run
from tools.deploy import LocalStage

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("schemathesis")
EXAMPLES = 20
"""Random bodies an operation."""

NOT_CHECKED = ("unsupported_method",)  # API Gateway answers another method with 404, not with 405


def _check(stage: LocalStage, folder: Path, *options: str) -> None:
    """Let it ask the stage for the same every time; AssertionError with what it found."""
    run(
        *(str(PROGRAM), "run", str(ROOT / "docs/openapi.json"), "--url", stage.http_url),
        *("--checks", "all", "--exclude-checks", ",".join(NOT_CHECKED), "--continue-on-failure"),
        *("--generation-deterministic", "--max-examples", str(EXAMPLES), "--no-color"),
        *options,
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.e2e.openapi_hooks",
        },
    )


def test_a_stage_without_tokens_answers_as_the_document_says(
    stage: LocalStage, tmp_path: Path
) -> None:
    _check(stage, tmp_path)


def test_a_stage_that_requires_tokens_answers_as_the_document_says(
    guarded: LocalStage, tmp_path: Path
) -> None:
    token = guarded.token("backend", "shop")
    _check(guarded, tmp_path, "--header", f"Authorization: Bearer {token}")
