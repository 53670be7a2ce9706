"""A script that serves like a stage: notifications reach their subscribers, and are replayed."""

import threading
from collections import defaultdict
from contextlib import suppress

from websockets.exceptions import ConnectionClosed

from tests.clients.python.kit.frames import error, notification, receipt, subscribed
from tests.clients.python.kit.server import Frame, Visit


class Service:
    """Serves each connection; `forbidden` are refs that no client may subscribe or publish to.

    `published` holds the frames in their order; `listening` is set once a client subscribed.
    """

    def __init__(self, *forbidden: str) -> None:
        self.published: list[Frame] = []
        self.listening = threading.Event()
        self._rejected = forbidden
        self._visits: dict[str, list[Visit]] = defaultdict(list)
        self._lock = threading.Lock()

    def __call__(self, visit: Visit) -> None:
        with suppress(ConnectionClosed):
            while True:
                frame = visit.receive()
                with self._lock:
                    self._answer(visit, frame)

    def _answer(self, visit: Visit, frame: Frame) -> None:
        topic = topic_of(frame)
        if frame["ref"] in self._rejected:
            visit.send(error("forbidden", field="ref"))
        elif frame["client"] == "frontend":
            self._visits[frame["ref"]].append(visit)
            visit.send(
                *(notification(**each) for each in self.published if topic_of(each) == topic)
            )
            visit.send(subscribed(**topic))
            self.listening.set()
        else:
            self.published.append(frame)
            self.deliver(**frame)
            accepted = len(self._visits[frame["ref"]])
            visit.send(receipt(frame["id"], **topic, accepted=accepted))

    def deliver(self, ref: str, **fields: object) -> None:
        for visit in self._visits[ref]:
            visit.send(notification(ref, **fields))


def topic_of(frame: Frame) -> Frame:
    return {"merchant_id": frame["merchant_id"], "ref": frame["ref"]}
