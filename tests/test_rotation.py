"""A rotation by docs/security.md: the documented shop mints, authorizers verify, on one clock."""

import heapq
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest

from lambdas.layer.auth.keys import Keys, parse_keys
from lambdas.layer.auth.tokens import InvalidToken, verify
from tests.kit.tokens import NOW
from ws_notify import keys as minting
from ws_notify import tokens

DOCS = Path(__file__).parents[1] / "docs"
SHOP = (DOCS / "integrate-backend.md").read_text().split("tests: shop/notifications.py -->")[1]
SECONDS = {"minutes": 60, "hours": 3600}
DAY = 24 * 3600 - 1
"""Seconds: the longest life that the service accepts, by a clock that may differ by one."""


def _steps() -> Iterator[tuple[str, int]]:
    """Yield the secret of each step of the document, and the seconds to wait after it."""
    table = (DOCS / "security.md").read_text().split("<!-- tests: rotation -->")[1].split("\n\n")[0]
    for row in re.findall(r"`(\{.*\})` \|(?: (\d+) (\w+):)?", table):
        secret, number, unit = row
        yield secret, int(number) * SECONDS[unit] if number else 0


STEPS = list(_steps())
OLD, NEW = "o" * 64, "n" * 64


@dataclass
class RotatingStage:
    """One secret, one clock; shops and authorizers that read both, each at times of its own."""

    now: float = float(NOW)
    secret: str = ""
    refused: list[str] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)
    meta: Any = field(default_factory=lambda: SimpleNamespace(endpoint_url="https://aws"))

    def time(self) -> float:
        return self.now

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        return {"SecretString": self.secret}

    def put(self, text: str) -> None:
        self.secret = text.replace("OLD", OLD).replace("NEW", NEW)

    def authorizer(self) -> Keys:
        return Keys(lambda: parse_keys(self.secret), clock=lambda: int(self.now * 1000))

    def shop(self) -> dict[str, Any]:
        shop = ModuleType("notifications")
        exec(SHOP.split("```python\n")[1].split("```")[0], vars(shop))  # noqa: S102 - the document's
        return vars(shop)

    def connect(self, token: str, authorizer: Keys) -> None:
        try:
            verify(token, authorizer.get, self.now)
        except InvalidToken as invalid:
            self.refused.append(invalid.reason)
        else:
            self.accepted.add(str(tokens.read_kid(token)))


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> RotatingStage:
    stage = RotatingStage()
    monkeypatch.setenv("WS_NOTIFY_KEYS_SECRET", "the-keys")
    monkeypatch.setattr(boto3, "client", lambda *_, **__: stage)
    for module in (minting, tokens):
        monkeypatch.setattr(module, "time", SimpleNamespace(time=stage.time))
    return stage


def _rotate(stage: RotatingStage, steps: list[tuple[str, int]]) -> None:
    """Mint and connect all through a rotation, and for a day after it."""
    stage.put('{"first": "OLD"}')
    authorizers: list[Keys] = []
    shops: list[dict[str, Any]] = []
    used: list[tuple[float, int, str]] = []  # when, a number, and the token
    # The rotation begins less than a minute after an authorizer has read the secret.
    for secret, wait in [("", 20 * 60 + 45), *steps, ("", DAY)]:
        if secret:
            stage.put(secret)
        end = stage.now + max(wait, 20 * 60)
        for at in _moments(stage.now, end):
            _connect_until(at, stage, used, authorizers)
            # Each has begun at a moment of its own, and reads every five minutes from there.
            if len(authorizers) < 5 and at - NOW >= 70 * len(authorizers):
                authorizers.append(stage.authorizer())
                shops.append(stage.shop())
            started_now = stage.shop()
            for shop in (shops[len(used) % len(shops)], started_now):
                for token in _minted(shop):
                    left = tokens.read_claims(token)["exp"] - at
                    for later in (0.0, left / 2, left - 1):
                        heapq.heappush(used, (at + later, len(used), token))
        _connect_until(end, stage, used, authorizers)


def _moments(begin: float, end: float) -> Iterator[float]:
    """Yield moments: close to each other for an hour at both ends, when the caches differ."""
    at = begin
    while at < end:
        yield at
        at += 30 if at - begin < 3600 or end - at < 3600 else 600


def _minted(shop: dict[str, Any]) -> list[str]:
    mint = shop["keys"].mint_token
    longest = mint(client="backend", merchant_id="shop", lifetime=DAY)
    return [shop["page_token"]("12303"), shop["backend_token"](), longest]


def _connect_until(
    end: float, stage: RotatingStage, used: list[tuple[float, int, str]], authorizers: list[Keys]
) -> None:
    while used and used[0][0] < end:
        stage.now, number, token = heapq.heappop(used)
        fresh = tokens.read_claims(token)["exp"] - stage.now
        some = authorizers if fresh > DAY - 1 else [authorizers[number % len(authorizers)]]
        for authorizer in some:
            stage.connect(token, authorizer)
    stage.now = end


def test_the_documents_rotation_has_three_steps() -> None:
    assert [json.loads(secret).get("current") for secret, _ in STEPS] == [
        "first",
        "second",
        "second",
    ]
    assert [wait for _, wait in STEPS] == [600, 90_000, 0]


def test_a_rotation_by_the_document_refuses_not_one_token(stage: RotatingStage) -> None:
    _rotate(stage, STEPS)
    assert stage.refused == []
    assert stage.accepted == {"first", "second"}


@pytest.mark.parametrize("hasty", [0, 1])
def test_a_rotation_without_one_of_its_waits_refuses_some(stage: RotatingStage, hasty: int) -> None:
    steps = [(secret, 0 if at == hasty else wait) for at, (secret, wait) in enumerate(STEPS)]
    _rotate(stage, [step for at, step in enumerate(steps) if at != hasty])
    assert "unknown kid" in stage.refused
