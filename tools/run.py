"""`make run`: the stage `local` in the foreground, until Ctrl-C or SIGTERM.

`.local/outputs.json` exists exactly while it answers.
"""

import argparse
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from tools.console import console
from tools.deploy import STAGE, LocalStage, local_stage
from tools.ministack import usable_port
from tools.network import LOOPBACK, usable_host
from tools.outputs import write_outputs
from tools.terminal import Progress, exit_status, say
from tools.welcome import welcome
from ws_notify.cli.stage import LOCAL_OUTPUTS, read_outputs

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_INTERRUPTED = 130


def main() -> int:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(prog="make run")
    parser.add_argument("--port", required=True)
    parser.add_argument("--auth", choices=("off", "optional", "required"), default="off")
    parser.add_argument("--host", default=LOOPBACK)
    said = parser.parse_args()
    host = usable_host(said.host)
    return run(usable_port(said.port, host), said.auth, host)


def run(port: int, auth: str = "off", host: str = LOOPBACK) -> int:
    """Run until a signal: 0 then, 130 where it came too early; a ToolError where anything fails."""
    LOCAL_OUTPUTS.unlink(missing_ok=True)
    answered = False
    _interrupt_on_signals()
    try:
        folder = LOCAL_OUTPUTS.parent / str(port)
        with (
            local_stage(folder, port, Progress(), auth, host) as stage,
            _published(stage),
            console(port + 1, host) as page,
        ):
            answered = True
            say(welcome(stage, auth, page, host))
            stage.server.wait_until_dead()
    except KeyboardInterrupt:
        say("\nstopped")
    return 0 if answered else _INTERRUPTED


def _interrupt_on_signals() -> None:
    """Let the first signal unwind everything; those after it change nothing, it is quick."""

    def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
        for name in SIGNALS:
            signal.signal(name, signal.SIG_IGN)
        raise KeyboardInterrupt

    for name in SIGNALS:
        # `nohup` asks to outlive the terminal; an ignored SIGINT is only a shell's `&`.
        if name != signal.SIGHUP or signal.getsignal(name) != signal.SIG_IGN:
            signal.signal(name, interrupt)


@contextmanager
def _published(stage: LocalStage) -> Iterator[None]:
    """Write the outputs file for the others on this machine; remove it unless a later run's."""
    write_outputs(LOCAL_OUTPUTS, STAGE, stage.outputs)
    try:
        yield
    finally:
        if LOCAL_OUTPUTS.exists() and read_outputs(LOCAL_OUTPUTS, STAGE) == stage.outputs:
            LOCAL_OUTPUTS.unlink(missing_ok=True)


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
