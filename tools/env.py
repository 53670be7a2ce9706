"""`make env STAGE=...`: the environment for in-process use and for clients, as lines to `eval`.

Only those lines go to standard output. Secrets are never printed; the local AWS's are none.
"""

import argparse
import shlex
from collections.abc import Mapping

from tools.deployed import deployed
from tools.outputs import STAGES, clients_environment, environment
from tools.terminal import exit_status, say


def main() -> int:
    """Print the export lines of the stage."""
    parser = argparse.ArgumentParser(prog="make env")
    parser.add_argument("stage", choices=STAGES)
    stage = deployed(parser.parse_args().stage)
    outputs = stage.outputs
    say(export_lines({**environment(outputs), **clients_environment(outputs), **stage.aws}))
    return 0


def export_lines(variables: Mapping[str, str]) -> str:
    """Write the variables as shell commands; any value survives `eval`."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
