"""The load's pollers, before a server that answers as the service does."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

from benchmarks.load.plan import Topic
from benchmarks.load.pollers import open_pollers
from tests.kit.peer import Frame

TOPIC: Topic = ("shop", 1)


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[Frame]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(body)
        now = f"now {len(self.asked)}"
        frame = {"message": f"told {body['merchant_id']}"}
        answer = {"notifications": [frame], "more": False, "now": now, "poll_after": 60_000}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        pass


def test_a_poller_hands_back_the_now_of_its_last_answer() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/stage"
            with open_pollers(url, [TOPIC], at_once=1) as pollers:
                first, second = pollers.log(), pollers.log()
        finally:
            server.shutdown()
    topic = {"merchant_id": "shop", "ref": 1}
    assert _Answers.asked == [topic, {**topic, "since": "now 1"}]
    for arrivals in (first, second):
        assert [(one.subscriber, one.frame) for one in arrivals] == [(0, {"message": "told shop"})]
