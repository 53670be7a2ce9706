"""The command's parser, and its exit status.

0 done · 1 rejected, not reached, or a failed check · 2 wrong usage · 3 done, but standard output
did not take the result · 130 ended by Ctrl-C · 141 the other end of a pipe closed
"""

import argparse
import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from ws_notify.cli import bench, doctor, listen, publish, token
from ws_notify.cli.failures import Failure, OutputError, UsageError
from ws_notify.cli.terminal import prepare, print_error
from ws_notify.exceptions import WsNotifyError

_FAILED = 1
_NOT_SHOWN = 3
_INTERRUPTED = 130
_PIPE_CLOSED = 141
"""As for a program that SIGPIPE ends: the other end of `| head` has closed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; wrong usage exits as argparse does."""
    prepare()
    # The commands print losses themselves; without any handler, Python would print them as well.
    logging.getLogger("ws_notify").addHandler(logging.NullHandler())
    given = list(sys.argv[1:] if arguments is None else arguments)
    args = _parser().parse_args(publish.separate_json(given))
    try:
        status: int = args.run(args)
        if sys.stdout is not None and not sys.stdout.closed:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return _PIPE_CLOSED
    except (OutputError, OSError) as error:
        print_error(str(error) if isinstance(error, OutputError) else f"standard output: {error}")
        _discard_output()
        return _NOT_SHOWN
    except UsageError as error:
        args.parser.error(str(error))
    except (Failure, WsNotifyError) as error:
        print_error(str(error))
        return _FAILED
    return status


def _discard_output() -> None:
    """Python flushes once more when it exits, and would fail."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # it is closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
