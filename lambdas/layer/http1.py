"""HTTP/1.1 POSTs to one host over kept connections: what AWS's APIs need, and no more of HTTP.

A publish is mostly requests, and a general client takes several times the processor time of what
is here; what a publish costs, docs/benchmark.md shows. What an answer should not be counts as no
answer, and its connection is closed. Read as RFC 9112 says: https://www.rfc-editor.org/rfc/rfc9112
"""

import select
import socket
import ssl
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

_LONGEST_LINES = 64 * 1024
_AT_A_TIME = 64 * 1024
_WITHOUT_DATA = {204, 304}
_HEX = frozenset(b"0123456789abcdefABCDEF")


class NoAnswerError(Exception):
    """No answer came, or none in time: the request may have arrived. Its text: what went wrong."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    data: bytes


class Http1:
    """The connections to one host; threads may share them. Only for what may arrive twice.

    A function that was frozen between two invocations does not see that the other side has closed
    its kept connections meanwhile. What such a one does not answer at all is sent once more on a
    new one, and the others, as old, are closed.
    """

    def __init__(self, endpoint: str, *, at_once: int) -> None:
        """Take an address, of which scheme and host count, and how many connections to keep."""
        address = urlsplit(endpoint)
        self._tls = ssl.create_default_context() if address.scheme == "https" else None
        self._host = address.hostname or ""
        self._port = address.port or (443 if self._tls else 80)
        self._at_once = at_once
        self._idle: list[_Connection] = []
        self.close = weakref.finalize(self, _close, self._idle)

    def post(self, path: str, headers: dict[str, str], data: bytes, timeout: float) -> Answer:
        """Return the answer; `timeout`, in seconds, is for all of it but finding the address.

        Raises NoAnswerError.
        """
        end = time.monotonic() + timeout
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = f"POST {path} HTTP/1.1\r\n{lines}content-length: {len(data)}\r\n\r\n"
        request = head.encode() + data
        try:
            kept = self._kept()
            if kept is not None:
                try:
                    return self._ask(kept, request, end)
                except OSError:
                    _close(self._idle)
                    if kept.heard:
                        raise
            return self._ask(self._new(end), request, end)
        except (OSError, ValueError) as error:
            raise NoAnswerError(f"{type(error).__name__}: {error}") from error

    def _ask(self, connection: "_Connection", request: bytes, end: float) -> Answer:
        try:
            answer = connection.ask(request, end)
        except BaseException:
            connection.close()
            raise
        if connection.reusable and len(self._idle) < self._at_once:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def _kept(self) -> "_Connection | None":
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread took the last one
                break
            if connection.quiet():
                return connection
            connection.close()
        return None

    def _new(self, end: float) -> "_Connection":
        plain = _connected(self._host, self._port, end)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is None:
                return _Connection(plain)
            plain.settimeout(_left(end))
            return _Connection(self._tls.wrap_socket(plain, server_hostname=self._host))
        except BaseException:
            plain.close()
            raise


class _Connection:
    """One connection; its methods raise OSError, and ValueError for what should not come."""

    def __init__(self, its_socket: socket.socket) -> None:
        self._socket = its_socket
        self._readable = select.poll()
        self._readable.register(its_socket, select.POLLIN)
        self._received = b""
        self.reusable = True
        self.heard = False
        """Whether anything came since the last request."""

    def close(self) -> None:
        self._socket.close()

    def quiet(self) -> bool:
        """Tell whether the other side has neither closed nor said anything unasked."""
        return not self._readable.poll(0)

    def ask(self, request: bytes, end: float) -> Answer:
        """Return the answer; `end` is on the monotonic clock."""
        self.heard = False
        self._socket.settimeout(_left(end))
        self._socket.sendall(request)
        while (status := _status(head := self._until(b"\r\n\r\n", end))) < 200:  # noqa: PLR2004
            pass  # informational: the answer follows
        headers = _headers(head)
        data = b"" if status in _WITHOUT_DATA else self._data(headers, end)
        self.reusable = headers.get(b"connection") != b"close" and not self._received
        return Answer(status, data)

    def _data(self, headers: dict[bytes, bytes], end: float) -> bytes:
        if headers.get(b"transfer-encoding") == b"chunked":
            return self._chunks(end)
        length = headers.get(b"content-length", b"")
        if not length.isdigit():
            raise ValueError("neither Content-Length nor chunks")
        return self._exactly(int(length), end)

    def _chunks(self, end: float) -> bytes:
        chunks = []
        while length := _chunk_length(self._until(b"\r\n", end)):
            chunks.append(self._exactly(length, end))
            if self._exactly(2, end) != b"\r\n":
                raise ValueError("a chunk is longer than it says")
        while self._until(b"\r\n", end):
            pass  # trailers
        return b"".join(chunks)

    def _until(self, mark: bytes, end: float) -> bytes:
        """Return what comes before a mark, and take both."""
        while (at := self._received.find(mark)) < 0:
            if len(self._received) > _LONGEST_LINES:
                raise ValueError("the headers do not end")
            self._received += self._read(end)
        found, self._received = self._received[:at], self._received[at + len(mark) :]
        return found

    def _exactly(self, length: int, end: float) -> bytes:
        missing = length - len(self._received)
        parts = [self._received]
        while missing > 0:
            parts.append(part := self._read(end))
            missing -= len(part)
        everything = b"".join(parts)
        self._received = everything[length:]
        return everything[:length]

    def _read(self, end: float) -> bytes:
        self._socket.settimeout(_left(end))
        received = self._socket.recv(_AT_A_TIME)
        if not received:
            raise ConnectionError("closed before the answer was whole")
        self.heard = True
        return received


def _connected(host: str, port: int, end: float) -> socket.socket:
    """Connect to the first of a host's addresses that answers; each gets its share of the time."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for left, (family, kind, protocol, _, address) in zip(
        range(len(addresses), 0, -1), addresses, strict=True
    ):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(_left(end) / left)
            connection.connect(address)
        except BaseException as error:
            connection.close()
            if left == 1 or not isinstance(error, OSError):
                raise
        else:
            return connection
    raise OSError("the host has no address")


def _close(connections: list[_Connection]) -> None:
    """Close and take out all of them; threads may take out some meanwhile."""
    while connections:
        with suppress(IndexError):
            connections.pop().close()


def _status(head: bytes) -> int:
    version, _, rest = head.partition(b" ")
    status = rest[:3]
    if version != b"HTTP/1.1" or not status.isdigit():
        raise ValueError("no answer of HTTP/1.1")
    return int(status)


def _chunk_length(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    # Not by int() alone, whose error would show what came instead: it may be a secret.
    if not digits or not _HEX.issuperset(digits):
        raise ValueError("a chunk without a length")
    return int(digits, 16)


def _headers(head: bytes) -> dict[bytes, bytes]:
    found = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        found[name.lower()] = value.strip().lower()
    return found


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("no time left")
    return left
