"""A first word with a deployed stage: it opens a WebSocket and answers a ping."""

import json

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tools import ToolError
from tools.ministack import MiniStack

_SECONDS = 30
_PING = json.dumps({"action": "ping"})


def require_pong(url: str, server: MiniStack) -> None:
    """Open `url`, send a ping, raise ToolError with the server's log unless a pong comes back.

    What it raises leaves out the query of `url`, which may hold a token.
    """
    name = url.partition("?")[0]
    try:
        with connect(url, proxy=None, open_timeout=_SECONDS, close_timeout=1) as socket:
            socket.send(_PING)
            answer = socket.recv(timeout=_SECONDS)
    except (OSError, WebSocketException) as error:
        raise ToolError(f"{name} does not answer: {error!r}. {server.child.report()}") from error
    if not _is_pong(answer):
        raise ToolError(f"{name} answered a ping with {answer!r}. {server.child.report()}")


def _is_pong(answer: str | bytes) -> bool:
    try:
        frame = json.loads(answer)
    except ValueError:
        return False
    return isinstance(frame, dict) and frame.get("type") == "pong"
