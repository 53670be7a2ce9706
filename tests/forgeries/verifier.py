"""Tokens at the shipped verifier: those that are listed one by one, and the product."""

from lambdas.layer.auth.principal import Identity
from lambdas.layer.auth.tokens import InvalidToken, verify
from tests.forgeries.attempts import IN, Combination, Tally, combinations, group_of
from tests.kit.forgeries import FORGERIES
from tests.kit.tokens import KEYS, NOW


def listed() -> Tally:
    """Try each that is listed; each must be refused for its own reason."""
    tally = Tally()
    for what, (text, reason) in FORGERIES.items():
        answer = _answer(text)
        tally.add("listed", what, answer, wrong=answer == IN or not answer.startswith(reason))
    return tally


def product() -> Tally:
    """Try the product; only who forged nothing may get in, as who they are."""
    tally = Tally()
    for one in combinations(NOW, KEYS["first"], "w" * 40):
        answer = _answer(one.token, one)
        tally.add(
            group_of(one.forged),
            ", ".join(one.forged),
            answer,
            wrong=(answer == IN) == bool(one.forged),
        )
    return tally


def _answer(text: str, one: Combination | None = None) -> str:
    try:
        identity = verify(text, KEYS.get, NOW)
    except InvalidToken as bad:
        return bad.reason
    if one is None or identity == _said(one):
        return IN
    return f"got in as {identity}"


def _said(one: Combination) -> Identity:
    ref = one.claims["ref"]
    refs = frozenset([ref] if isinstance(ref, str) else ref)
    claims = one.claims
    return Identity(claims["client"], claims["merchant_id"], refs, claims["exp"] * 1000)
