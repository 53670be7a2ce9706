"""The programs of the JavaScript client's tests: Node, npm, tsc and esbuild, as in `make`."""

import subprocess
from pathlib import Path

CLIENT = Path(__file__).parents[3] / "clients/js"
PATIENCE = 120.0


def run(*command: str, cwd: Path = CLIENT) -> str:
    """Run a program; return what it prints. AssertionError with all that it said if it fails."""
    done = subprocess.run(
        command, cwd=cwd, check=False, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
