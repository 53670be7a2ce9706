"""The local AWS: MiniStack, as a child process that leaves nothing behind.

Nothing here knows what is deployed to it.
"""

import http.client
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools import ToolError
from tools.child import Child, running
from tools.network import LOOPBACK

REGION = "eu-west-1"
ACCOUNT = "000000000000"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,  # what a caller's shell says must not count beside the other
    "AWS_DEFAULT_REGION": REGION,
}
_START_SECONDS = 60
_POLL_SECONDS = 0.03
_PORTS = 2**16


@dataclass(frozen=True, slots=True)
class MiniStack:
    """A local AWS at `endpoint`; `child` is its process."""

    port: int
    child: Child

    @property
    def endpoint(self) -> str:
        """The address for AWS_ENDPOINT_URL."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id, and its process group's: the functions' processes are in it too."""
        return self.child.pid

    @property
    def log(self) -> Path:
        """What it printed; what the functions log is in its CloudWatch Logs."""
        return self.child.log

    def wait_until_ready(self) -> None:
        """Return once it answers; raise ToolError with its log's end when it dies or is mute."""
        deadline = time.monotonic() + _START_SECONDS
        while self.child.process.poll() is None and time.monotonic() < deadline:
            if answers(self.port):
                return
            time.sleep(_POLL_SECONDS)
        raise ToolError(f"The local AWS did not start on port {self.port}. {self.child.report()}")

    def wait_until_dead(self) -> None:
        """Block until it ends by itself, which it never should: raises ToolError with its log."""
        self.child.process.wait()
        raise ToolError(f"The local AWS died. {self.child.report()}")


def answers(port: int) -> bool:
    """Tell whether a local AWS on `port` is ready."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", "/_ministack/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def ministack(folder: Path, port: int, host: str = LOOPBACK) -> Iterator[MiniStack]:
    """Start it, its log and temporary files in `folder`; not ready yet when the block begins.

    `host` is where it listens; the endpoint is on loopback anyway.
    """
    scratch = folder.absolute() / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        with running(
            (sys.executable, "-m", "tools.leash", "ministack"),
            log=folder / "ministack.log",
            environment=server_environment(port, scratch, host),
        ) as child:
            yield MiniStack(port, child)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def server_environment(port: int, scratch: Path, host: str = LOOPBACK) -> dict[str, str]:
    """Build its environment from nothing: all of it is handed on to the functions.

    An AWS_ENDPOINT_URL, a profile or a home with an AWS configuration would reach them, and a
    Docker daemon would make it remove other MiniStacks' containers when it starts.
    """
    inherited = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH")
    return {
        **{name: os.environ[name] for name in inherited if name in os.environ},
        **CREDENTIALS,
        "BIND_HOST": host,
        "DOCKER_HOST": f"unix://{scratch}/no-docker",
        "GATEWAY_PORT": str(port),
        "HOME": str(scratch),
        "IOT_MTLS_ENABLED": "0",  # would listen on port 8883 as well
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "PYTHONUNBUFFERED": "1",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(scratch),
    }


def free_port() -> int:
    """Find a port that nobody listens on; tests use it, people have a default."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def usable_port(text: str, host: str = LOOPBACK) -> int:
    """Read a port; raise ToolError where it is none, is taken, or this user may not have it."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < _PORTS):
        raise ToolError(f"PORT={text} is no port: give one from 1 to 65535, `make run PORT=4567`")
    port = int(text)
    other = port + 1 if port + 1 < _PORTS else 4567
    advice = f"stop what uses it, or choose another: make run PORT={other}"
    for family, kind, _, _, address in socket.getaddrinfo(
        "localhost", port, type=socket.SOCK_STREAM
    ):
        with socket.socket(family, kind) as probe:
            if probe.connect_ex(address) == 0:
                raise ToolError(f"Port {port} is taken: {advice}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself does
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ToolError(f"Port {port} cannot be used ({error.strerror}): {advice}") from error
    return port
