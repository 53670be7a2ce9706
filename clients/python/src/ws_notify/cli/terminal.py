"""What the commands say: results on standard output, all else on standard error.

Colours and signs only where there is a terminal that has them.
"""

import os
import re
import sys
from typing import TextIO

BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"
_SECOND, _MINUTE, _HOUR = 0.9995, 59.95, 3570  # what the unit below would round up to

# Line breaks, escapes to a terminal, and what turns the direction of the text around it.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def prepare() -> None:
    """Let no character that a terminal's encoding lacks end a command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """Print a result."""
    print(text, flush=True)  # noqa: T201 - the one place where the commands print


def note(text: str) -> None:
    """Print what is no result."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - (the same)


def complain(text: str) -> None:
    """Print an error."""
    note(f"{styled('error:', RED, sys.stderr)} {printable(text)}")


def styled(text: str, style: str, stream: TextIO | None = None) -> str:
    """Return the text in a style of the stream's terminal, of standard output's by default."""
    stream = stream or sys.stdout
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty()
    return text if plain else f"\033[{style}m{text}\033[0m"


def sign(text: str, instead: str) -> str:
    """Return a sign, or what stands for it where standard output cannot show it."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return instead
    return text


def printable(text: str) -> str:
    """Return what others wrote, harmless to a terminal and on one line."""
    return _UNPRINTABLE.sub(lambda found: repr(found[0])[1:-1], text)


def duration(seconds: float) -> str:
    """Return a time for people, in about three digits."""
    if abs(seconds) < _SECOND:
        return f"{seconds * 1000:.0f} ms"
    if abs(seconds) < _MINUTE:
        return f"{seconds:.1f} s"
    if abs(seconds) < _HOUR:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
