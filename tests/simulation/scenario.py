"""The scenario of a run: scripts of clients and publishers, drawn from a seed. Values only."""

from dataclasses import dataclass
from random import Random

from lambdas.layer.protocol.topic import Topic

TOPICS = (Topic("m1", "a"), Topic("m2", "a"), Topic("m1", 2), Topic("M1", "A"))
"""Merchants that share a ref, or differ in its case only: a wrong key would mix them up."""

MINUTE = 60_000

_CLIENTS = (1,) * 12 + (2,) * 5 + (3, 3, 4)
_PUBLISHERS = (1,) * 7 + (2, 2, 3)

_PAUSES = (1_000, 11_000, 2 * MINUTE, 6 * MINUTE, 50 * MINUTE, 70 * MINUTE, 130 * MINUTE)
"""Milliseconds. The last is longer than a connection lives and its rows are kept."""

_CLIENT_KINDS = ("subscribe", "subscribe", "subscribe", "unsubscribe", "close", "drop", "pause")
_PUBLISHER_KINDS = ("publish",) * 6 + ("publish other", "pause")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a script.

    `topic` is an index of TOPICS; `amount` the number in a notification's id (0: it has none), or
    the milliseconds of a pause. `publish other` publishes other content under an id that may have
    been used. `drop` is an abrupt disconnect.
    """

    kind: str
    topic: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Script:
    """What one client or publisher does, step by step.

    A `raw` client sends no `since` and does not retry a subscribe without a reply; the others
    send the last `now` that they received, on whichever connection, and retry.
    """

    actor: str
    raw: bool
    steps: tuple[Step, ...]


Scenario = tuple[Script, ...]


def draw(seed: str) -> Scenario:
    """Return the scenario of a seed: 1 to 4 clients, 1 to 3 publishers."""
    random = Random(seed)  # noqa: S311 - no secret
    topics = random.sample(range(len(TOPICS)), random.choice((1, 1, 1, 2, 2, 3)))
    scripts = []
    for number in range(random.choice(_CLIENTS)):
        kinds = random.choices(_CLIENT_KINDS, k=random.choice((0, 0, 0, 1, 1, 2, 3)))
        steps = tuple(_step(random, kind, topics) for kind in ("subscribe", *kinds))
        scripts.append(Script(f"client{number}", random.random() < 0.5, steps))
    for number in range(random.choice(_PUBLISHERS)):
        kinds = random.choices(_PUBLISHER_KINDS, k=random.choice((0, 0, 0, 0, 1, 2)))
        steps = tuple(_step(random, kind, topics) for kind in (*kinds, "publish"))
        scripts.append(Script(f"publisher{number}", raw=False, steps=steps))
    return tuple(scripts)


def _step(random: Random, kind: str, topics: list[int]) -> Step:
    if kind == "pause":
        return Step(kind, amount=random.choice(_PAUSES))
    return Step(kind, random.choice(topics), random.randrange(3))
