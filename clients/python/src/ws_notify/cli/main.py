"""The command's parser, and what its ending means to a shell.

0 done · 1 refused, not reached, or found wrong · 2 wrong usage · 130 ended by Ctrl-C
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from ws_notify.cli import bench, doctor, listen, publish, token
from ws_notify.cli.failures import Failure, UsageError
from ws_notify.cli.terminal import complain, prepare
from ws_notify.exceptions import WsNotifyError

_FAILED = 1
_INTERRUPTED = 130
_PIPE_CLOSED = 141
"""As for a program that SIGPIPE ends: the shell's `| head` had enough."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; wrong usage exits as argparse does."""
    prepare()
    # Losses are told by the commands; without any handler, Python would print them as well.
    logging.getLogger("ws_notify").addHandler(logging.NullHandler())
    said = _parser().parse_args(arguments)
    try:
        status: int = said.run(said)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Python flushes once more at its end, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    except UsageError as error:
        said.parser.error(str(error))
    except (Failure, WsNotifyError) as error:
        complain(str(error))
        return _FAILED
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ws-notify",
        description="Listen to the notifications of OttuWsNotify, publish some, find what is wrong",
        epilog="`ws-notify COMMAND --help` has the options and an example of each.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('ws-notify')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in (listen, publish, token, doctor, bench):
        module.add_to(commands)
    return parser
