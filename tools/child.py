"""Programs that the tools start, each in a process group of its own that ends as a whole.

Knows nothing of what it starts.
"""

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tools import ToolError

_TAIL_LINES = 30


@dataclass(frozen=True, slots=True)
class Child:
    """A started program; its output, both streams, goes to `log`."""

    command: tuple[str, ...]
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Its process id, which is its group's id too."""
        return self.process.pid

    def finish(self) -> None:
        """Wait for it to end; raise ToolError where it failed."""
        if self.process.wait() != 0:
            raise ToolError(self.report())

    def report(self) -> str:
        """Say how it ended: status, exact command, last lines of its log."""
        status = self.process.poll()
        ending = "is still running" if status is None else f"ended with status {status}"
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        tail = "\n".join(f"  | {line}" for line in lines) or "  | (nothing)"
        return (
            f"{Path(self.command[0]).name} {ending}:\n  $ {shlex.join(self.command)}\n"
            f"The end of its log, {self.log}:\n{tail}"
        )


@contextmanager
def running(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str], folder: Path | None = None
) -> Iterator[Child]:
    """Start `command` in `folder`; leaving the block kills it and everything that it started.

    Its standard input is a pipe that is never written to and ends with this process, however
    that ends: a program that watches it (`tools.leash`) outlives nobody.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - commands are the tools' own, never a user's text
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    try:
        yield Child(tuple(command), log, process)
    finally:
        # At once and not by request: nothing that runs here has anything to save, and a group
        # that is asked may start another process while it ends.
        with suppress(ProcessLookupError, PermissionError):  # all gone; macOS says it the other way
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
