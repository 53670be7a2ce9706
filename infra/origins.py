"""The origins that a stage lists: their rules, and the form in which the function is given them."""

import base64
import re
import zlib
from collections.abc import Iterable
from typing import Final

# As a browser serializes an origin (RFC 6454, section 6.2); the apps of Capacitor, Ionic and
# Electron have schemes of their own. A `*` is one label, below localhost or two labels or more.
_LABEL: Final = r"[a-z0-9_-]+"
_ORIGIN: Final = re.compile(
    rf"([a-z][a-z0-9+.-]*)://"
    rf"(?:(?:\*\.(?![0-9.]+(?::|$)){_LABEL}\.)?{_LABEL}(?:\.{_LABEL})*|\*\.localhost|\[[0-9a-f:]+\])"
    r"(?::([1-9][0-9]{0,4}))?"
)
_WITHOUT_A_HOST: Final = ("null", "file://")
_DEFAULT_PORTS: Final = {"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}
_PORTS: Final = 2**16

# All variables of a function together may have 4 KB, which Lambda measures as one JSON object:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
# The other variables of the function `default` take less than the difference.
MAX_BYTES: Final = 4096 - 1024


def broken_rule(origin: str) -> str | None:
    """Return what is wrong with an origin and how to write it; None where a page may have it."""
    if origin in _WITHOUT_A_HOST:
        return None
    if matched := _ORIGIN.fullmatch(origin):
        return _broken_rule_of_port(*matched.groups())
    if origin == "*":
        return "list no origin at all to let every page in"
    if "*" in origin:
        return (
            "a wildcard is the whole first label, below a domain of at least two labels, like "
            "https://*.shop.example: it stands for exactly one label"
        )
    if not origin.isascii():
        return "a browser sends a host outside of ASCII in its xn-- form: list it in that form"
    return (
        "must be what a browser sends: scheme://host or scheme://host:port, in lower case, "
        "without a path or a slash at the end, like https://pay.example.com"
    )


def _broken_rule_of_port(scheme: str, port: str | None) -> str | None:
    if port and int(port) >= _PORTS:
        return f"{port} is not a port: they end at 65535"
    if port and port == _DEFAULT_PORTS.get(scheme):
        return f"a browser leaves out {scheme}'s default port: list it without :{port}"
    return None


def variable(origins: Iterable[str]) -> str:
    """Return the value of ALLOWED_ORIGINS: joined by commas, compressed where that is too long.

    Raises ValueError where it is too long compressed, too.
    """
    joined = ",".join(origins)
    if len(joined) <= MAX_BYTES:
        return joined
    compressed = "zlib=" + base64.b64encode(zlib.compress(joined.encode(), 9)).decode()
    if len(compressed) <= MAX_BYTES:
        return compressed
    raise ValueError(
        f"the allowed origins take {len(joined)} bytes, and {len(compressed)} compressed, of the "
        f"{MAX_BYTES} that the function's environment has for them: list a wildcard, like "
        "https://*.shop.example, in place of those that share a domain"
    )
