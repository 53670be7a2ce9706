"""What a judge keeps: the lines that were published, and what did not hold. Values."""

from dataclasses import dataclass

from tests.simulation.tasks import Invocation


@dataclass(frozen=True, slots=True)
class Violation:
    """What did not hold."""

    kind: str
    text: str


@dataclass(slots=True)
class Line:
    """What is published, at which moment; `until`: the end of its retention, in milliseconds.

    `late_by`: who was suspended between its `sent_at` and its put. `confirmed`: a receipt has come
    for it. Its id says too little: after the retention, the same may be used for a new line.
    """

    topic: str
    id: str
    sent_at: str
    message: str
    at: int
    until: int
    late_by: Invocation | None = None
    confirmed: bool = False
