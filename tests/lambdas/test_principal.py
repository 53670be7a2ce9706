"""The principal of a connection: its identity into the context, and out of it again."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.layer.auth.principal import Identity, Unauthenticated, principal

REFS = st.frozensets(st.text(min_size=1), min_size=1, max_size=20)
IDENTITIES = st.sampled_from(["frontend", "backend"]).flatmap(
    lambda client: st.builds(
        Identity,
        client=st.just(client),
        merchant_id=st.text(min_size=1),
        refs=REFS if client == "frontend" else st.none() | REFS,
        expires_at_ms=st.integers(0, 10**14),
    )
)
WHO = Identity("frontend", "shop", frozenset({"12303"}), 1_795_426_200_000)


@given(IDENTITIES, st.booleans())
def test_an_identity_survives_the_context_unchanged(who: Identity, required: bool) -> None:  # noqa: FBT001 - hypothesis' value
    context = who.to_context()
    assert all(isinstance(value, str) for value in context.values())  # API Gateway's rule
    sent: dict[str, Any] = json.loads(json.dumps(context))
    assert principal(sent, required=required) == who


def test_fields_that_api_gateway_adds_to_a_context_are_ignored() -> None:
    added = {"principalId": "frontend", "integrationLatency": 12}
    assert principal({**WHO.to_context(), **added}, required=True) == WHO


@pytest.mark.parametrize("context", [{}, {"principalId": "anonymous", "integrationLatency": 3}])
def test_a_context_without_a_token_is_unauthenticated_when_one_is_required(
    context: dict[str, Any],
) -> None:
    assert principal(context, required=True) == Unauthenticated()
    assert principal(context, required=False) is None


MALFORMED: dict[str, dict[str, Any]] = {
    "client another": {"client": "server"},
    "client null": {"client": None},
    "client a list": {"client": ["frontend"]},
    "merchant_id null": {"merchant_id": None},
    "merchant_id a number": {"merchant_id": 7},
    "refs of a frontend null": {"refs": "null"},
    "refs a text": {"refs": '"12303"'},
    "refs an object": {"refs": '{"12303": 1}'},
    "refs of numbers": {"refs": "[12303]"},
    "refs too deep": {"refs": "[" * 100_000},
    "expires_at_ms infinite": {"expires_at_ms": float("inf")},
    "no merchant_id": {"merchant_id": ...},
    "no refs": {"refs": ...},
    "no expires_at_ms": {"expires_at_ms": ...},
    "refs no JSON": {"refs": "["},
    "refs empty": {"refs": ""},
    "refs a number": {"refs": "12303"},
    "refs within refs": {"refs": "[[1]]"},
    "refs no text": {"refs": 5},
    "expires_at_ms no number": {"expires_at_ms": "soon"},
    "expires_at_ms empty": {"expires_at_ms": ""},
    "expires_at_ms a fraction": {"expires_at_ms": "1.5"},
    "expires_at_ms null": {"expires_at_ms": None},
    "expires_at_ms not a number": {"expires_at_ms": "NaN"},
}


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("changes", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_context_is_unauthenticated_even_when_no_token_is_required(
    changes: dict[str, Any],
    required: bool,  # noqa: FBT001 - pytest's value
) -> None:
    context = {**WHO.to_context(), **changes}
    context = {name: value for name, value in context.items() if value is not ...}
    assert principal(context, required=required) == Unauthenticated()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
NAMES = st.sampled_from([*WHO.to_context()])


@given(st.dictionaries(NAMES, JSON | JSON.map(json.dumps)))
def test_no_context_raises_or_gives_a_frontend_every_ref(changes: dict[str, Any]) -> None:
    who = principal({**WHO.to_context(), **changes}, required=True)
    if isinstance(who, Identity):
        assert who.client in {"frontend", "backend"}
        assert who.client == "backend" or who.refs is not None
        assert all(isinstance(ref, str) for ref in who.refs or [])
    else:
        assert who == Unauthenticated()
