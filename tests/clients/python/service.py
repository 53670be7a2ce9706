"""A script that serves like a stage: what is published reaches who subscribed, before or after."""

import threading
from collections import defaultdict
from contextlib import suppress

from websockets.exceptions import ConnectionClosed

from tests.clients.python.frames import error, notification, receipt, subscribed
from tests.clients.python.scripted import Frame, Visit


class Service:
    """Serves each visit; `refused` are refs that no one may subscribe or publish to.

    `published` holds what came, in its order; `listening` is set once someone subscribed.
    """

    def __init__(self, *refused: str) -> None:
        self.published: list[Frame] = []
        self.listening = threading.Event()
        self._refused = refused
        self._visits: dict[str, list[Visit]] = defaultdict(list)
        self._lock = threading.Lock()

    def __call__(self, visit: Visit) -> None:
        with suppress(ConnectionClosed):
            while True:
                frame = visit.hear()
                with self._lock:
                    self._answer(visit, frame)

    def _answer(self, visit: Visit, frame: Frame) -> None:
        topic = topic_of(frame)
        if frame["ref"] in self._refused:
            visit.say(error("forbidden", field="ref"))
        elif frame["client"] == "frontend":
            self._visits[frame["ref"]].append(visit)
            visit.say(*(notification(**said) for said in self.published if topic_of(said) == topic))
            visit.say(subscribed(**topic))
            self.listening.set()
        else:
            self.published.append(frame)
            self.deliver(**frame)
            accepted = len(self._visits[frame["ref"]])
            visit.say(receipt(frame["id"], **topic, accepted=accepted))

    def deliver(self, ref: str, **fields: object) -> None:
        for visit in self._visits[ref]:
            visit.say(notification(ref, **fields))


def topic_of(frame: Frame) -> Frame:
    return {"merchant_id": frame["merchant_id"], "ref": frame["ref"]}
