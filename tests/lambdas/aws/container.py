"""A container's endpoint for credentials, on this machine.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

_CREDENTIALS: Final = {
    "AccessKeyId": "AKIDCONTAINER",
    "SecretAccessKey": "a secret",
    "Token": "of the container",
    "Expiration": "2126-11-26T12:00:00Z",
}
_PATIENCE: Final = 10.0


@dataclass(slots=True)
class Container:
    """Where it is, and with which authorization it was asked; it answers while `answering`."""

    address: str
    asked: list[str] = field(default_factory=list)
    answering: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving_credentials() -> Iterator[Container]:
    """Answer every GET with credentials."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            container.asked.append(self.headers["Authorization"])
            if not container.answering.wait(_PATIENCE):
                return
            body = json.dumps(_CREDENTIALS).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        container = Container(f"http://127.0.0.1:{server.server_port}/credentials")
        container.answering.set()
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield container
        finally:
            container.answering.set()
            server.shutdown()
            thread.join()
