"""The package keeps to what Python 3.10 has, though the tests run on a newer one."""

import ast
import subprocess
import sys
from pathlib import Path

import ws_notify

SOURCES = sorted(Path(ws_notify.__file__).parent.rglob("*.py"))
ROOT = Path(__file__).parents[3]


def test_the_sources_parse_as_python_3_10() -> None:
    for source in SOURCES:
        ast.parse(source.read_text(), str(source), feature_version=(3, 10))


def test_the_types_hold_for_python_3_10() -> None:
    command = [sys.executable, "-m", "mypy", "--python-version", "3.10", "--package", "ws_notify"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
