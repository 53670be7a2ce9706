"""What makes a token valid, and every way in which one is not: none of those is accepted."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambdas.layer.auth.principal import Identity
from lambdas.layer.auth.tokens import LONGEST_LIFE, InvalidToken, verify
from tests.kit.forgeries import DAY, FORGERIES
from tests.kit.tokens import ABSENT, KEYS, NOW, b64, signed, token

GOOD = token()
WHO = Identity("frontend", "shop", frozenset({"12303"}), (NOW + 3600) * 1000)
TWENTY = [str(n) for n in range(20)]
LONG = [f"{n:-<330}" for n in range(20)]


def _who(**changes: Any) -> Identity:
    return dataclasses.replace(WHO, **changes)


def _verify(text: str, now: float = NOW) -> Identity:
    return verify(text, KEYS.get, now)


def _reason(text: str) -> str:
    """Return the reason of an invalid token. Nothing but InvalidToken is ever raised."""
    with pytest.raises(InvalidToken) as refused:
        _verify(text)
    assert str(refused.value) == refused.value.reason
    return refused.value.reason


def _reason_or_none(text: str) -> str | None:
    try:
        _verify(text)
    except InvalidToken as invalid:
        return invalid.reason
    return None


def _backend(**changes: Any) -> str:
    return token(client="backend", **changes)


@pytest.mark.parametrize(
    ("text", "who"),
    [
        (GOOD, WHO),
        (token({"kid": "second"}, key=KEYS["second"]), WHO),
        (token({"typ": ABSENT}), WHO),
        (token({"typ": "at+jwt", "cty": "JWT", "x": 1}), WHO),
        (token(ref=["a", "12303"]), _who(refs=frozenset({"a", "12303"}))),
        (token(ref=["12303", "12303"]), WHO),
        (token(ref=TWENTY), _who(refs=frozenset(TWENTY))),
        (token(ref="Ré💳"), _who(refs=frozenset({"Ré💳"}))),
        (token(ref=12303), WHO),
        (token(ref=[12303]), WHO),
        (token(ref=["12303", 12303]), WHO),
        (token(ref=[0, -7, "a"]), _who(refs=frozenset({"0", "-7", "a"}))),
        (token(ref=2**53 - 1), _who(refs=frozenset({"9007199254740991"}))),
        (token(ref=1 - 2**53), _who(refs=frozenset({"-9007199254740991"}))),
        (_backend(ref=12303), _who(client="backend")),
        (token(nbf=NOW + 60), WHO),
        (token(nbf=NOW + 59.9), WHO),
        (token(ref=LONG), _who(refs=frozenset(LONG))),
        (_backend(ref=ABSENT), _who(client="backend", refs=None)),
        (_backend(), _who(client="backend", refs=frozenset({"12303"}))),
        (_backend(ref=["1", "2"]), _who(client="backend", refs=frozenset({"1", "2"}))),
        (token(scope="admin", name=None, more={"a": [1]}), WHO),
        (token(exp=NOW + 1), _who(expires_at_ms=(NOW + 1) * 1000)),
        (token(exp=NOW + DAY), _who(expires_at_ms=(NOW + DAY) * 1000)),
        (token(exp=float(NOW + 60)), _who(expires_at_ms=(NOW + 60) * 1000)),
        (token(exp=NOW + 60.9), _who(expires_at_ms=(NOW + 60) * 1000)),
    ],
)  # fmt: skip
def test_a_valid_token_proves_its_identity(text: str, who: Identity) -> None:
    assert _verify(text) == who


@pytest.mark.parametrize("attempt", FORGERIES)
def test_a_forged_token_is_rejected_with_its_reason(attempt: str) -> None:
    forgery, reason = FORGERIES[attempt]
    assert _reason(forgery).startswith(reason)


@pytest.mark.parametrize("attempt", FORGERIES)
def test_the_reason_of_a_rejection_holds_nothing_of_the_token(attempt: str) -> None:
    forgery, _ = FORGERIES[attempt]
    reason = _reason(forgery)
    assert reason.isascii()
    assert len(reason) < 40
    parts = {part for part in forgery.split(".") if len(part) > 5}
    assert not [part for part in parts if part in reason]


@pytest.mark.parametrize("letter", ["x", "ة"])
def test_refs_that_are_too_long_for_the_context_are_rejected(letter: str) -> None:
    refs = [letter * length for length in range(1, 20)]
    while not (reason := _reason_or_none(token(ref=refs))):
        refs = [ref + letter for ref in refs]
    assert reason == "ref is too long to hand on"
    handed_on = Identity("frontend", "shop", frozenset(ref[1:] for ref in refs), WHO.expires_at_ms)
    assert 6_500 < len(json.dumps(handed_on.to_context())) <= 7_000


def test_a_name_given_twice_counts_once_and_only_if_it_was_signed() -> None:
    twice = f'{{"client":"frontend","client":"backend","merchant_id":"shop","exp":{NOW + 9}}}'
    assert _verify(signed(b'{"alg":"HS256","kid":"first"}', twice.encode())).client == "backend"
    header, _, signature = GOOD.split(".")
    assert _reason(f"{header}.{b64(twice.encode())}.{signature}") == "InvalidSignatureError"


def test_a_token_expires_by_the_callers_clock() -> None:
    end = NOW + 3600
    assert _verify(GOOD, end - 0.001) == WHO
    for now in (end, end + 0.001, end + 10 * DAY):
        with pytest.raises(InvalidToken, match="exp has passed"):
            _verify(GOOD, now)
    assert _verify(GOOD, end - LONGEST_LIFE) == WHO
    with pytest.raises(InvalidToken, match="24 hours"):
        _verify(GOOD, end - LONGEST_LIFE - 0.001)


def test_a_key_is_looked_up_by_its_kid_only_for_a_plausible_header() -> None:
    asked: list[str] = []

    def key_of(kid: str) -> str | None:
        asked.append(kid)
        return KEYS.get(kid)

    verify(GOOD, key_of, NOW)
    assert asked == ["first"]
    for name in ("alg 'none'", "kid absent", "kid 1", "crit []", "nothing", "a word"):
        with pytest.raises(InvalidToken):
            verify(FORGERIES[name][0], key_of, NOW)
    assert asked == ["first"]


@pytest.mark.parametrize("error", [RuntimeError("no secret"), KeyError("first")])
def test_an_error_of_the_key_lookup_is_not_an_invalid_token(error: Exception) -> None:
    def failing(_kid: str) -> str:
        raise error

    with pytest.raises(type(error)) as raised:
        verify(GOOD, failing, NOW)
    assert raised.value is error


ANY_TEXT = st.text(st.characters(), max_size=300)  # half surrogate pairs included
SEGMENT = st.binary(max_size=60).map(b64)
LIKE_A_TOKEN = st.lists(SEGMENT | ANY_TEXT, min_size=2, max_size=5).map(".".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    | st.sampled_from(["HS256", "none", "first", "frontend", "backend", NOW + 60]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)  # fmt: skip
NAMES = st.sampled_from(
    ["alg", "kid", "crit", "b64", "typ", "client", "merchant_id", "ref", "exp", "nbf", "iat", "aud",
     "iss", "sub", "jti"]
)  # fmt: skip


@given(ANY_TEXT | LIKE_A_TOKEN)
@example("\ud800")
def test_any_other_text_raises_invalid_token_and_nothing_else(text: str) -> None:
    _reason(text)


@given(st.integers(0, len(GOOD)), st.integers(0, 9), ANY_TEXT)
@example(len(GOOD), 0, "=")
def test_a_changed_token_never_proves_another_identity(at: int, cut: int, text: str) -> None:
    changed = GOOD[:at] + text + GOOD[at + cut :]
    try:
        assert _verify(changed) == WHO
        # The padding that others write is allowed, and is no change of what was signed.
        assert changed.rstrip("=") == GOOD
    except InvalidToken:
        assert changed != GOOD


@given(st.dictionaries(NAMES, JSON), st.dictionaries(NAMES, JSON))
def test_a_signed_token_is_an_identity_or_invalid(
    header: dict[str, Any], changes: dict[str, Any]
) -> None:
    for head in ({}, header):
        try:
            identity = _verify(token(head, **changes))
        except InvalidToken:
            continue
        assert identity.client in {"frontend", "backend"}
        assert isinstance(identity.merchant_id, str)
        assert NOW * 1000 <= identity.expires_at_ms <= (NOW + DAY) * 1000
        assert identity.refs or identity.client == "backend"


@pytest.mark.parametrize("make", [lambda: token(exp=NOW + 0.5), lambda: token(exp=NOW + 1.9)])
def test_the_expiry_of_an_identity_is_never_later_than_exp(make: Callable[[], str]) -> None:
    assert _verify(make()).expires_at_ms <= (NOW + 1.9) * 1000
