"""What holds for every test."""

import signal


def pytest_configure() -> None:
    """Let the programs that tests start hear Ctrl-C, also where a shell's `&` started the tests."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
