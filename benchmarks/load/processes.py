"""A process of its own that is told what to do over a pipe, command by command, and answers each.

What measures does not share its interpreter with what waits for hundreds of answers.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final

from tools import ToolError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

TIMEOUT_SECONDS: Final = 60.0
"""For a frame that must come; on a slow machine it waits behind hundreds of others."""


class Process:
    """The process, from outside; `who` is in it."""

    def __init__(self, pipe: "Connection[Any, Any]", who: str) -> None:
        self._pipe = pipe
        self._who = who

    def command(self, command: Any) -> Any:
        """Send a command and return the answer; ToolError if the process has ended."""
        self._pipe.send(command)
        return self.answer()

    def answer(self) -> Any:
        """Wait for the answer that is due."""
        try:
            return self._pipe.recv()
        except EOFError:
            raise ToolError(
                f"the process with the {self._who} ended early: its traceback is above"
            ) from None


@contextmanager
def started(who: str, main: Callable[..., None], *arguments: Any) -> Iterator[Process]:
    """Run `main(pipe, *arguments)` in it; it ends when there is no further command."""
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=main, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Process(ours, who)
    finally:
        ours.close()
        process.join(TIMEOUT_SECONDS)
        process.kill()


async def next_command(pipe: "Connection[Any, Any]") -> Any:
    """Wait, within the process, for the next command; None: there is no further one."""
    try:
        return await asyncio.to_thread(pipe.recv)
    except EOFError:
        return None
