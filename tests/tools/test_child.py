import os
import shlex
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tools import ToolError
from tools.child import running

# Starts another process that says hello through a pipe, keeps it open and waits for ever.
_PARENT = """
import subprocess, sys
child = "import sys, time; pipe = open(sys.argv[1], 'w'); print('hello', file=pipe, flush=True)"
subprocess.run([sys.executable, "-c", child + "; time.sleep(600)", sys.argv[1]])
"""


def test_leaving_the_block_ends_what_the_program_started_too(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = (sys.executable, "-c", _PARENT, str(pipe))
    with ExitStack() as started:
        started.enter_context(running(command, log=tmp_path / "log", environment=os.environ))
        with pipe.open() as grandchild:
            assert grandchild.readline() == "hello\n"
            started.close()
            assert grandchild.read() == ""  # ends when the last writer is gone


def test_a_failure_tells_its_command_and_the_end_of_its_log(tmp_path: Path) -> None:
    program = "print('\\n'.join(f'line {n}' for n in range(1000))); raise SystemExit(3)"
    command = (sys.executable, "-c", program)
    with (
        running(command, log=tmp_path / "log", environment=os.environ) as child,
        pytest.raises(ToolError) as failure,
    ):
        child.finish()
    text = str(failure.value)
    assert "ended with status 3" in text
    assert f"$ {shlex.quote(sys.executable)} -c" in text
    assert str(tmp_path / "log") in text
    assert "line 999" in text
    assert "line 900" not in text


def test_a_success_returns(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "")
    with running(command, log=tmp_path / "log", environment=os.environ) as child:
        child.finish()


def test_it_runs_in_its_folder_and_asks_nothing(tmp_path: Path) -> None:
    program = "import os, sys; print(os.getcwd(), sys.stdin.isatty())"
    command = (sys.executable, "-c", program)
    log = tmp_path / "log"
    with running(command, log=log, environment=os.environ, folder=tmp_path) as child:
        child.finish()
    assert log.read_text() == f"{tmp_path.resolve()} False\n"
