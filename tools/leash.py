"""Run a module as `python -m` does, until standard input ends: then its whole group is killed.

    python -m tools.leash ministack

Whoever starts it holds the other end of that pipe, which the kernel closes however its holder
dies. So not even a killed `make run` leaves a server behind, on Linux and macOS alike.
"""

import os
import runpy
import signal
import sys
import threading


def _end_with_the_pipe() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_pipe, name="leash", daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
