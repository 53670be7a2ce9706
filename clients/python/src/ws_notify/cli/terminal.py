"""Output of the commands: results on standard output, all else on standard error.

Colours and symbols only where a terminal supports them.
"""

import contextlib
import os
import re
import sys
from typing import TextIO

from ws_notify.cli.failures import OutputError

BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"
_SECOND, _MINUTE, _HOUR = 0.9995, 59.95, 3570  # what the unit below would round up to

# Line breaks, terminal escapes, and what changes the direction of the text around it.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def prepare() -> None:
    """Replace characters that the terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def print_result(text: str) -> None:
    """Print a result. Raises OSError, and OutputError where standard output is closed."""
    if sys.stdout is None or sys.stdout.closed:
        raise OutputError("standard output is closed")
    print(text, flush=True)  # noqa: T201 - the one place where the commands print


def print_status(text: str) -> None:
    """Print a message that is not a result; nowhere, where standard error takes none."""
    with contextlib.suppress(OSError, ValueError):  # closed, or full
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - (the same)


def print_error(text: str) -> None:
    """Print an error."""
    print_status(f"{styled('error:', RED, sys.stderr)} {escape(text)}")


def styled(text: str, style: str, stream: TextIO | None = None) -> str:
    """Return the text in a style of the stream's terminal, of standard output's by default."""
    stream = stream or sys.stdout
    if stream is None or stream.closed:
        return text
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty()
    return text if plain else f"\033[{style}m{text}\033[0m"


def symbol(text: str, replacement: str) -> str:
    """Return a symbol, or its replacement where standard output cannot encode it."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, AttributeError):  # or no standard output
        return replacement
    return text


def escape(text: str) -> str:
    """Escape untrusted text: control characters and line breaks."""
    return _UNPRINTABLE.sub(lambda found: repr(found[0])[1:-1], text)


def format_duration(seconds: float) -> str:
    """Return a duration in about three digits, with its unit."""
    if abs(seconds) < _SECOND:
        return f"{seconds * 1000:.0f} ms"
    if abs(seconds) < _MINUTE:
        return f"{seconds:.1f} s"
    if abs(seconds) < _HOUR:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
