"""HTTP/1.1 to one host over kept connections, by AWS's Common Runtime. Knows nothing of AWS's APIs.

The runtime parses HTTP, resolves names, connects and does TLS on a thread of its own; here is what
it leaves to its caller: which connection to use again, and until when to wait.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from awscrt.exceptions import AwsCrtError
from awscrt.http import HttpClientConnection, HttpRequest
from awscrt.io import (
    ClientBootstrap,
    ClientTlsContext,
    DefaultHostResolver,
    EventLoopGroup,
    SocketOptions,
    TlsContextOptions,
)

from lambdas.layer.aws.deadline import Deadline
from lambdas.layer.aws.errors import TransportError

if TYPE_CHECKING:
    from concurrent.futures import Future

_HTTPS_PORT, _HTTP_PORT = 443, 80

# RuntimeError: so the binding tells that a connection closed since it was asked whether it is open.
_FAILURES = (AwsCrtError, RuntimeError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Response:
    """A status and a whole body; empty where the peer closed the connection to end the body."""

    status: int
    body: bytes


class Transport:
    """The connections to one host; threads may share them. Only for requests that may arrive twice.

    A function that is frozen between two invocations does not see that the peer has closed its idle
    connections meanwhile. Where an idle connection fails before any byte of a response, the request
    is sent once more on a new one, if there is time, and the other idle ones, as old, are closed.
    """

    def __init__(self, endpoint: str, *, max_connections: int) -> None:
        """Take an address, of which scheme, host and port count, and how many to keep idle."""
        address = urlsplit(endpoint)
        self._host = address.hostname or ""
        self._tls = address.scheme == "https"
        self._port = address.port or (_HTTPS_PORT if self._tls else _HTTP_PORT)
        self._max_idle = max_connections
        self._idle: list[HttpClientConnection] = []
        if self._tls:
            _tls_context()  # while the function starts, not in its first call

    def send(self, request: HttpRequest, body: bytes, deadline: Deadline) -> Response:
        """Send a request, its headers complete, and return the response. Raises TransportError."""
        try:
            kept = self._acquire()
            if kept is not None:
                exchange = _Exchange(kept)
                try:
                    return self._exchange(exchange, request, body, deadline)
                except _FAILURES:
                    self.close()
                    if exchange.response_began:
                        raise
            return self._exchange(_Exchange(self._connect(deadline)), request, body, deadline)
        except TimeoutError as error:
            raise TransportError("no response in time") from error
        except _FAILURES as error:
            raise TransportError(str(error)) from error

    def close(self) -> None:
        """Close the idle connections."""
        while (connection := self._pop()) is not None:
            connection.close()

    def _exchange(
        self, exchange: "_Exchange", request: HttpRequest, body: bytes, deadline: Deadline
    ) -> Response:
        connection = exchange.connection
        try:
            response = exchange.run(request, body, deadline)
        except BaseException:
            connection.close()
            raise
        if connection.is_open() and len(self._idle) < self._max_idle:
            self._idle.append(connection)
        else:
            connection.close()
        return response

    def _acquire(self) -> HttpClientConnection | None:
        """Return the idle connection that was used last, unless it is known to be closed.

        The runtime closes one that receives anything unasked.
        """
        while (connection := self._pop()) is not None:
            if connection.is_open():
                return connection
            connection.close()
        return None

    def _pop(self) -> HttpClientConnection | None:
        try:
            return self._idle.pop()
        except IndexError:  # none, or another thread took the last one
            return None

    def _connect(self, deadline: Deadline) -> HttpClientConnection:
        options = SocketOptions()
        options.connect_timeout_ms = max(1, int(deadline.remaining() * 1000))
        tls = None
        if self._tls:
            tls = _tls_context().new_connection_options()
            tls.set_server_name(self._host)
        connecting: Future[HttpClientConnection] = HttpClientConnection.new(
            self._host,
            self._port,
            bootstrap(),
            socket_options=options,
            tls_connection_options=tls,
        )
        try:
            return connecting.result(deadline.remaining())
        except TimeoutError:
            # The runtime goes on with it: nobody else would close what comes of it.
            connecting.add_done_callback(_close_late)
            raise


class _Exchange:
    """One request and its response on a connection."""

    __slots__ = ("_chunks", "connection", "response_began")

    def __init__(self, connection: HttpClientConnection) -> None:
        self.connection = connection
        self.response_began = False
        self._chunks: list[bytes] = []

    def run(self, request: HttpRequest, body: bytes, deadline: Deadline) -> Response:
        """Return the response. Raises AwsCrtError, RuntimeError, TimeoutError."""
        request.body_stream = BytesIO(body)
        stream = self.connection.request(request, self._on_response, self._on_body)
        stream.activate()
        status: int = stream.completion_future.result(deadline.remaining())
        return Response(status, b"".join(self._chunks))

    # Both are called on the runtime's thread, in order, before the future completes.

    def _on_response(self, **_: Any) -> None:
        self.response_began = True

    def _on_body(self, chunk: Iterable[int], **_: Any) -> None:
        self._chunks.append(bytes(chunk))


@cache
def bootstrap() -> ClientBootstrap:
    """Return one event loop for all of a process: a request is mostly waiting."""
    event_loops = EventLoopGroup(num_threads=1)
    return ClientBootstrap(event_loops, DefaultHostResolver(event_loops))


@cache
def _tls_context() -> ClientTlsContext:
    """One for all hosts: reading the certificates of the system takes tens of milliseconds."""
    return ClientTlsContext(TlsContextOptions())


def _close_late(connecting: "Future[HttpClientConnection]") -> None:
    if connecting.exception() is None:
        connecting.result().close()
