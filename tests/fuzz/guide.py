"""Trying inputs, and keeping those that went a way through the code that none went before."""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, Final

from tests.fuzz.attempts import ATTEMPTS, Attempt
from tests.fuzz.verdict import BrokenError

_LAYER: Final = str(Path(__file__).parents[2] / "lambdas")
_MOST_BROKEN: Final = 5

Arc = tuple[str, int, int]


@dataclass(slots=True)
class Batch:
    """What was tried: how many, what came of them, which inputs were kept, what broke."""

    inputs: int = 0
    json: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    kept: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def add(self, other: "Batch") -> None:
        """Add what another process tried."""
        self.inputs += other.inputs
        self.json += other.json
        self.outcomes += other.outcomes
        self.kept += other.kept
        self.broken += other.broken


def batch(name: str, seed: str, number: int, count: int) -> Batch:
    """Try so many inputs of an attempt; the same ones for the same seed and number."""
    attempt = ATTEMPTS[name]
    random = Random(f"{seed}/{name}/{number}")  # noqa: S311 - to be repeated, not to be secret
    done, arcs, pool = Batch(), set[Arc](), list(attempt.seeds)
    for text in attempt.seeds[:count]:
        _try(attempt, text, done, arcs)
    while done.inputs < count and len(done.broken) < _MOST_BROKEN:
        # Half of them from what was kept last: it is where something new was found.
        parent = random.choice(pool[-100:] if random.random() < 0.5 else pool)
        text = attempt.change(parent, pool, random)
        if _try(attempt, text, done, arcs):
            pool.append(text)
    return done


def _try(attempt: Attempt, text: str, done: Batch, arcs: set[Arc]) -> bool:
    done.inputs += 1
    done.json += attempt.is_json(text)
    try:
        outcome, gone = traced(attempt.try_, text)
    except BrokenError as error:
        done.broken.append(f"{error}; input: {text[:500]!r}")
        return False
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not escape
        done.broken.append(f"{type(error).__name__} escaped: {error}; input: {text[:500]!r}")
        return False
    done.outcomes[outcome] += 1
    if gone <= arcs:
        return False
    arcs |= gone
    done.kept.append(text)
    return True


def traced(call: Callable[[str], str], text: str) -> tuple[str, set[Arc]]:
    """Return what a call returns, and the steps from line to line that it took in `lambdas`."""
    arcs: set[Arc] = set()
    last: dict[int, int] = {}

    def line(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            key, now = id(frame), frame.f_lineno
            arcs.add((frame.f_code.co_filename, last.get(key, 0), now))
            last[key] = now
        return line

    def enter(frame: FrameType, _event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(_LAYER):
            return None
        last[id(frame)] = 0
        return line

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        return call(text), arcs
    finally:
        sys.settrace(before)
