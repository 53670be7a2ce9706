"""`make env STAGE=...`: the environment for in-process use and for clients, as lines to `eval`.

Only those lines go to standard output. Secrets are never printed; the local AWS's are not secret.
"""

import argparse
import shlex
from collections.abc import Mapping
from urllib.parse import urlsplit

from tools import ToolError
from tools.ministack import answers
from tools.outputs import STAGES, clients_environment, environment, local_aws
from tools.terminal import exit_status, say
from ws_notify.cli.stage import Stage, find


def main() -> int:
    """Print the export lines of the stage."""
    parser = argparse.ArgumentParser(prog="make env")
    parser.add_argument("stage", choices=STAGES)
    stage = find(parser.parse_args().stage)
    outputs = stage.outputs
    variables = {**environment(outputs), **clients_environment(outputs), **_aws(stage)}
    say(export_lines(variables))
    return 0


def _aws(stage: Stage) -> dict[str, str]:
    """Name the variables by which boto3 finds the stage, beyond the caller's.

    On AWS they are its region alone: nothing that redirects the other clients of a process.
    """
    if stage.endpoint:
        if not answers(urlsplit(stage.endpoint).port or 80):
            raise ToolError("The stage local was killed: start it again with `make run`")
        return local_aws(stage.endpoint)
    region = str(stage.region)
    return {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}


def export_lines(variables: Mapping[str, str]) -> str:
    """Write the variables as shell commands; any value survives `eval`."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
