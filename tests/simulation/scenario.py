"""The scenario of a run: the scripts of its actors, drawn from a seed. Values only."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from lambdas.layer.protocol.topic import Topic

TOPICS = (Topic("m1", "a"), Topic("m2", "a"), Topic("m1", 2), Topic("M1", "A"))
"""Merchants that share a ref, or differ in its case only: a wrong key would mix them up."""

MINUTE = 60_000

_CLIENTS = (1,) * 12 + (2,) * 5 + (3, 3, 4)
_PUBLISHERS = (1,) * 7 + (2, 2, 3)
_ONE_OR_TWO = (1, 1, 2)

_POLLED = 0.2
"""The share of the scenarios with pollers; the others are about connections alone."""

_PAUSES = (1_000, 11_000, 2 * MINUTE, 6 * MINUTE, 50 * MINUTE, 70 * MINUTE, 130 * MINUTE)
"""Milliseconds. The last is longer than a connection lives and its rows are kept."""

_BEFORE = (0, 0, 0, 0, 1, 2)
_BEFORE_POLLED = (0, 1, 2)
"""Steps of a publisher before its last publish."""

_CLIENT_KINDS = ("subscribe", "subscribe", "subscribe", "unsubscribe", "close", "drop", "pause")
_POLLER_KINDS = (*("poll",) * 12, "subscribe", "subscribe", "unsubscribe", "close", "drop", "pause")
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
    """What one client, poller or publisher does, step by step.

    A poller is a client that may poll, too. A `raw` client sends no `since` and does not retry a
    subscribe without a reply; the others send the last `now` that they received, on whichever
    connection, and retry.
    """

    actor: str
    raw: bool
    steps: tuple[Step, ...]


Scenario = tuple[Script, ...]


def draw(seed: str) -> Scenario:
    """Return the scenario of a seed: clients or pollers, and publishers."""
    random = Random(seed)  # noqa: S311 - no secret
    polled = Random(f"polled? {seed}").random() < _POLLED  # noqa: S311 - no secret
    return _with_pollers(random) if polled else _with_clients(random)


def has_pollers(scenario: Scenario) -> bool:
    """Whether an actor may poll."""
    return any(script.actor.startswith("poller") for script in scenario)


def _with_clients(random: Random) -> Scenario:
    topics = random.sample(range(len(TOPICS)), random.choice((1, 1, 1, 2, 2, 3)))
    scripts = []
    for number in range(random.choice(_CLIENTS)):
        kinds = random.choices(_CLIENT_KINDS, k=random.choice((0, 0, 0, 1, 1, 2, 3)))
        steps = _steps(random, ("subscribe", *kinds), topics)
        scripts.append(Script(f"client{number}", random.random() < 0.5, steps))
    publishers = range(random.choice(_PUBLISHERS))
    return (*scripts, *(_publisher(random, n, topics, _BEFORE) for n in publishers))


def _with_pollers(random: Random) -> Scenario:
    topics = random.sample(range(len(TOPICS)), random.choice((1, 1, 1, 1, 1, 2)))
    scripts = []
    for number in range(random.choice(_ONE_OR_TWO)):
        kinds = random.choices(_POLLER_KINDS, k=random.choice((3, 4, 5, 6)))
        scripts.append(Script(f"poller{number}", raw=False, steps=_steps(random, kinds, topics)))
    publishers = range(random.choice(_ONE_OR_TWO))
    return (*scripts, *(_publisher(random, n, topics, _BEFORE_POLLED) for n in publishers))


def _publisher(random: Random, number: int, topics: list[int], before: Sequence[int]) -> Script:
    kinds = random.choices(_PUBLISHER_KINDS, k=random.choice(before))
    return Script(
        f"publisher{number}", raw=False, steps=_steps(random, (*kinds, "publish"), topics)
    )


def _steps(random: Random, kinds: Sequence[str], topics: list[int]) -> tuple[Step, ...]:
    return tuple(_step(random, kind, topics) for kind in kinds)


def _step(random: Random, kind: str, topics: list[int]) -> Step:
    if kind == "pause":
        return Step(kind, amount=random.choice(_PAUSES))
    return Step(kind, random.choice(topics), random.randrange(3))
