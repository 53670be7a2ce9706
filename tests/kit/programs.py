"""Runs Node, npm, compilers and shells for the tests of the JavaScript client."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

CLIENT = Path(__file__).parents[2] / "clients/js"
TIMEOUT = 120.0


def run(
    *command: str,
    cwd: Path = CLIENT,
    env: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> str:
    """Run a program; return its standard output. AssertionError with all output if it fails."""
    done = subprocess.run(
        command, cwd=cwd, env=env, check=False, capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
