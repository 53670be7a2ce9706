"""Where the local stage listens, this machine's addresses, and how programs reach it directly."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from tools import ToolError

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - only where `make run HOST=` names it

# Outside of this machine's networks, so that the default route is chosen (RFC 5737); Docker's usual
# bridge, and private networks, which a machine without a default route may have.
_DESTINATIONS = ("203.0.113.1", "172.17.0.1", "10.0.0.1", "192.168.0.1")


def usable_host(text: str) -> str:
    """Read where to listen; raise ToolError for what is neither of the two."""
    if text not in (LOOPBACK, EVERYWHERE):
        raise ToolError(
            f"HOST={text} is not possible: leave it out to be reached from this machine alone, or "
            f"give {EVERYWHERE} to be reached from all its networks, `make run HOST={EVERYWHERE}`"
        )
    return text


def addresses() -> list[str]:
    """Return this machine's addresses in its networks, that of the default route first.

    Nothing is sent: to connect a datagram socket only chooses the route, and so the source address.
    """
    found: list[str] = []
    for destination in _DESTINATIONS:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
            probe.connect((destination, 9))
            found.append(probe.getsockname()[0])
    return [address for address in dict.fromkeys(found) if address != LOOPBACK]


def direct(caller: Mapping[str, str]) -> dict[str, str]:
    """Name the variables by which a program reaches loopback through no proxy of the caller's.

    Both spellings, because programs differ in which they read, and those that read both, in which
    wins. The caller's own exceptions stay.
    """
    theirs = caller.get("no_proxy") or caller.get("NO_PROXY") or ""
    hosts = [LOOPBACK, "localhost", *(host.strip() for host in theirs.split(","))]
    # Only alone does `*` stand for every host.
    value = "*" if "*" in hosts else ",".join(dict.fromkeys(filter(None, hosts)))
    return {"NO_PROXY": value, "no_proxy": value}


def at(address: str, url: str) -> str:
    """Return a URL of this machine with another address of it, the port kept."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{address}:{parts.port}").geturl()
