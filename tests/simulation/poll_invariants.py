"""What must hold for the answers of polls; the other invariants are in `invariants`.

**poll**      When a viewer gets an answer, it has every notification of the topic that was
              published before it sent that poll and is within the retention, whether it came by
              this answer, an earlier one or a connection. Except: one that was stored so late that
              a `now` could already exclude it; and one that is older than the newest that an
              answer may hold, if an answer said `more`, or a replay left it out. No more than
              those come, oldest first.
**integrity**, **isolation**  Each in the answer is a stored notification, of the topic that was
              asked for.
**expiry**    What starts after a notification's retention does not answer with it, and nothing is
              answered, by the clock of who answers, after the token has expired.
"""

import json
from typing import Any

from tests.simulation.history import RETENTION_MARGIN, History
from tests.simulation.records import Notification, PollSent
from tests.simulation.tasks import Invocation


class PollInvariants:
    """Observes the polls of a run."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._violate = history.violate
        self.answered = 0

    def returned(self, poll: PollSent, invocation: Invocation, now: int) -> None:
        """Check that an invocation may return an answer, whether that arrives or not."""
        if now + invocation.skew >= poll.token_expires_at_ms:
            self._violate("expiry", f"{invocation.name} is answered after its token ended")

    def received(
        self, poll: PollSent, answer: dict[str, Any], invocation: Invocation, now: int
    ) -> None:
        """Check an answer that reached its viewer, and that it has what it must have."""
        self.answered += 1
        history = self._history
        name = f"the answer to {invocation.name}"
        if f"{answer['merchant_id']}#{answer['ref']}" != poll.topic:
            self._violate("isolation", f"{name} is for another topic")
        for content in answer["notifications"]:
            notification = self._stored(name, poll.topic, content, invocation)
            if notification is not None:
                history.receive(poll.viewer, notification)
        times = [content["sent_at"] for content in answer["notifications"]]
        if len(times) > history.max_replayed or times != sorted(times):
            self._violate("poll", f"{name} holds {times}, {history.max_replayed} at most")
        for one in history.missing(poll.viewer, poll.topic, now):
            if one.order < poll.order and one.late_by is None:
                self._require(poll, one, more=answer["more"])

    def _require(self, poll: PollSent, missing: Notification, *, more: bool) -> None:
        history = self._history
        if not history.exceeds_a_replay(missing):
            self._violate("poll", f"{poll.viewer} has not got {missing.id} of {poll.topic}")
        elif more:
            history.left_out.add((poll.viewer, missing))
        elif (poll.viewer, missing) not in history.left_out:
            self._violate("poll", f"{missing.id} of {poll.topic} is left out without `more`")

    def _stored(
        self, name: str, topic: str, content: dict[str, Any], invocation: Invocation
    ) -> Notification | None:
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        notification = self._history.by_text(text)
        if notification is None:
            self._violate("integrity", f"{name} holds what was never stored: {text}")
        elif notification.topic != topic:
            self._violate("isolation", f"{name} holds {notification.id} of another topic")
        elif invocation.started > notification.expires_at + RETENTION_MARGIN:
            self._violate("expiry", f"{name} holds {notification.id} after its retention")
        else:
            return notification
        return None
