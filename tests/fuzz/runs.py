"""Running a harness on so many inputs, and counting what came of them."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, example, given, settings

from tests.fuzz.harnesses import HARNESSES, Event, Handshake
from tests.fuzz.http_requests import HttpRequest
from tests.fuzz.http_strategies import REQUEST_SEEDS, REQUESTS
from tests.fuzz.strategies import INPUTS, SEEDS, token_parts

_INPUTS: dict[str, Any] = {**INPUTS, "requests": REQUESTS}
_SEEDS: dict[str, list[Any]] = {**SEEDS, "requests": REQUEST_SEEDS}

_SHOWN = 500
"""Characters of an input that broke a rule."""


@dataclass(slots=True)
class Tally:
    """How many inputs there were, how many of them valid JSON, what came of them, what broke.

    The library ends a run at the first input that breaks a rule, and makes it smaller.
    """

    inputs: int = 0
    json: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def try_(self, name: str, sent: Any) -> None:
        """Give an input to a harness. Raises what the harness does."""
        self.inputs += 1
        self.json += _is_json(name, sent)
        try:
            self.outcomes[HARNESSES[name](sent)] += 1
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            self.broken = [f"{what}; input: {sent!r}"[:_SHOWN]]
            raise

    def add(self, other: "Tally") -> None:
        """Add what another run came to."""
        self.inputs += other.inputs
        self.json += other.json
        self.outcomes += other.outcomes
        self.broken += other.broken


def _is_json(name: str, sent: Any) -> bool:
    """Tell whether a frame, or a token's header and claims, are JSON in Python's generous sense."""
    match sent:
        case Handshake():
            return any(_is_json("tokens", text) for text in sent.tokens)
        case Event():
            return _is_json("frames", sent.body or "")
        case HttpRequest():
            return sent.text is not None and _is_json("frames", sent.text)
        case str():
            try:
                return bool([json.loads(text) for text in _json_texts(name, sent)])
            except (ValueError, RecursionError):
                return False
    return True  # the payload of a direct invocation


def _json_texts(name: str, text: str) -> tuple[str, ...]:
    return (text,) if name == "frames" else token_parts(text) or ()


def harnessed(name: str, tally: Tally, *, seed: str = "", count: int = 1) -> Any:
    """Return a test of Hypothesis: the seeds of a harness, and so many inputs drawn from them.

    `seed` makes them the same ones again, in a process that has the same modules loaded.
    """

    @hypothesis.seed(f"{seed}/{name}")
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(_INPUTS[name])
    def test(sent: Any) -> None:
        tally.try_(name, sent)

    for seeded in _SEEDS.get(name, ()):
        test = example(seeded)(test)
    return test


def run(name: str, seed: str, count: int) -> Tally:
    """Return what came of the seeds and of so many inputs."""
    tally = Tally()
    try:
        harnessed(name, tally, seed=seed, count=count)()
    except Exception:
        if not tally.broken:
            raise
    return tally
