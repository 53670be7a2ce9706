"""What a program has at hand is written as Django writes it, or refused at the call by its name."""

import enum
import json
import math
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import jwt
import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import IntegerChoices, TextChoices
from django.utils.functional import SimpleLazyObject, lazystr
from django.utils.safestring import mark_safe

from tests.clients.python.kit.clients import PAYMENT
from ws_notify import Client, LambdaPublisher, mint_token
from ws_notify.core.jsonable import MAX_NESTING, to_json
from ws_notify.django import notify_on_commit
from ws_notify.fields import MAX_BYTES, build_fields, build_topics
from ws_notify.testing import Recorder

UTC = timezone.utc  # noqa: UP017 - the name in the module is of Python 3.11
ID = UUID("9d8b3a2e-0a6e-4a53-8f0e-2f8c3b0f3c11")
AT = datetime(2026, 11, 23, 9, 30, 0, 125_600, UTC)
KEY = "k" * 32


class Status(TextChoices):  # type: ignore[misc] # Django has no types
    """As a model declares it."""

    DONE = "done", "Paid"


class Level(IntegerChoices):  # type: ignore[misc] # (the same)
    """(The same.)"""

    LOW = 1, "Low"


class Plain(enum.Enum):
    """An enum that is not a string."""

    AMOUNT = Decimal("1.10")


class Shouting(str):
    """A string that shows another text than it holds."""

    __slots__ = ()

    def __str__(self) -> str:
        return self.upper()


VALUES = [
    Decimal("10.100"),
    Decimal("1E+5"),
    ID,
    AT,
    AT.replace(microsecond=0),
    AT.replace(tzinfo=None),
    AT.astimezone(timezone(timedelta(hours=3))),
    date(2026, 11, 23),
    time(9, 30),
    time(9, 30, 0, 125_600),
    timedelta(days=1, hours=2, microseconds=7),
    -timedelta(minutes=1, seconds=2),
    lazystr("Paid"),
    mark_safe("<b>"),
    Shouting("paid"),
    Status.DONE,
    Level.LOW,
    {"a": [Decimal("1.0"), {"b": (ID, lazystr("c"))}], 1: None, False: AT, None: 1.5, 2.5: []},
    "\N{GRINNING FACE}",
    10**307,
    1e308,
    True,
    None,
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_is_written_as_django_writes_it(value: object) -> None:
    plain = to_json(value, "value")
    expected = json.loads(json.dumps(value, cls=DjangoJSONEncoder))
    assert json.loads(json.dumps(plain)) == expected
    assert type(plain) is type(expected)


def test_an_enum_is_its_value() -> None:
    assert to_json(Plain.AMOUNT, "value") == "1.10"


@pytest.mark.parametrize("held", ["paid", 12303, Decimal("1.10"), ID, [1], {"a": None}, None])
def test_a_lazy_object_is_what_it_holds(held: Any) -> None:
    lazy = SimpleLazyObject(lambda: held)
    assert to_json({"it": [lazy]}, "value") == {"it": [to_json(held, "value")]}


@pytest.mark.parametrize("ref", ["12303", 12303, ["12303"], (12303,)])
def test_a_lazy_object_is_a_ref_of_a_token(ref: Any) -> None:
    lazy = SimpleLazyObject(lambda: ref)
    token = mint_token(KEY, "first", client="frontend", merchant_id="shop", ref=lazy)
    assert jwt.decode(token, KEY, algorithms=["HS256"])["ref"] == "12303"


class Model:
    """A model of Django, as far as it is looked at."""

    _meta = pk = None


def test_a_lazy_model_such_as_the_user_of_a_request_needs_its_key_too() -> None:
    with pytest.raises(TypeError, match=r"^user cannot .* Model; pass its primary key"):
        to_json(SimpleLazyObject(Model), "user")


def _nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


class Order:
    """As a model of Django, for what is asked of it."""

    _meta = pk = None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ref": None}, "ref must be a string without.*, not NoneType"),
        ({"ref": True}, "ref must be a string without.*, not bool"),
        ({"ref": 1.0}, "ref must be a string without.*, not float"),
        ({"ref": 2**53}, r"ref must be .* integer within"),
        ({"ref": ""}, "ref must be"),
        ({"ref": "é" * 257}, "ref must be .*512 bytes"),
        ({"ref": "1\n"}, "ref must be .*without control characters"),
        ({"ref": Order()}, r"ref cannot be written as JSON: Order; pass its primary key, `.pk`"),
        ({"merchant_id": "a#b"}, "merchant_id must be"),
        ({"merchant_id": "shop\n"}, "merchant_id must be"),
        ({"merchant_id": 7}, "merchant_id must be a string"),
        ({"project": ""}, "project must be a string of 1 to 128"),
        ({"type": "t" * 129}, "type must be a string of 1 to 128"),
        ({"status": "paid"}, "status must be `done` or `failed`, not 'paid'"),
        ({"message": None}, "message must be a string, not NoneType"),
        ({"id": "é"}, "id must be"),
        ({"id": ""}, "id must be"),
        ({"amount": float("nan")}, "amount is not a number: nan"),
        ({"amount": [{"net": Decimal("Infinity")}]}, r"amount\[0\].net is not a number"),
        ({"message": "\ud800"}, "message holds half of a surrogate pair"),
        ({"texts": [lazystr("\ud800")]}, r"texts\[0\] holds half of a surrogate pair"),
        ({"a": {"\ud800": 1}}, "a key of a holds half"),
        ({"amount": 10**308}, "amount has more than 308 digits"),
        ({"amount": -(10**307)}, "amount has more than 308 digits"),
        ({"deep": _nested(MAX_NESTING)}, "deep.* more than 64 levels"),
        ({"deep": CIRCLE}, "deep.* more than 64 levels"),
        ({"twice": {"1": 1, 1: 2}}, "twice has the key '1' twice"),
        ({"key": {(1, 2): 3}}, "a key of key is not text: tuple"),
        ({"what": object()}, "what cannot be written as JSON: object"),
        ({"what": {"some": {1, 2}}}, "what.some cannot be written as JSON: set"),
        ({"what": b"1"}, "what cannot be written as JSON: bytes"),
        ({"at": time(9, tzinfo=UTC)}, "at is a time of day with a time zone"),
        ({"message": "x" * MAX_BYTES}, "message is too large: the notification would have"),
        ({"pages": ["é" * 70_000]}, "pages is too large"),
        ({"sent_at": "now"}, "Reserved by the protocol.*sent_at"),
        ({"client": "frontend"}, "Reserved by the protocol.*client"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [Client, LambdaPublisher])
def test_what_the_service_would_refuse_raises_at_the_call(
    kind: type[Client] | type[LambdaPublisher], changed: dict[str, Any], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        kind("wss://example.com/dev").publish(**{**PAYMENT, **changed})


def test_a_notification_of_the_largest_size_is_accepted() -> None:
    def build(length: int) -> dict[str, Any]:
        return build_fields("1", "s", "1", "p", "t", status="done", message="x" * length,
                            further={"deep": _nested(MAX_NESTING - 1)}, deadline=1)  # fmt: skip

    with pytest.raises(ValueError, match=r"would have (\d+) bytes") as raised:
        build(MAX_BYTES)
    excess = int(str(raised.value).split("would have ")[1].split()[0]) - MAX_BYTES
    assert build(MAX_BYTES - excess)
    with pytest.raises(ValueError, match="131073 bytes"):
        build(MAX_BYTES - excess + 1)


REFS = [(ID, str(ID)), (Decimal("7.10"), "7.10"), (AT, "2026-11-23T09:30:00.125Z"),
        (date(2026, 1, 2), "2026-01-02"), (lazystr("a"), "a"), (Status.DONE, "done")]  # fmt: skip


@pytest.mark.parametrize(("ref", "written"), REFS, ids=str)
def test_what_a_model_holds_is_a_ref_and_in_a_token(ref: Any, written: str) -> None:
    assert build_fields(
        None, "s", ref, "p", "t", status="done", message="", further={}, deadline=1
    )["ref"] == (written)
    assert build_topics("shop", [ref])[0].ref == written
    for given in (ref, [ref], iter([ref])):
        token = mint_token(KEY, "k", client="frontend", merchant_id="shop", ref=given)
        assert jwt.decode(token, KEY, algorithms=["HS256"])["ref"] == written


@pytest.mark.parametrize("ref", [True, 1.5, b"1", "a\n", None, "\ud800", 2**53, {"a": 1}, Order()])
def test_what_is_not_a_ref_is_not_minted(ref: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="ref"):
        mint_token(KEY, "k", client="frontend", merchant_id="shop", ref=ref)
    with pytest.raises((TypeError, ValueError), match="ref"):
        mint_token(KEY, "k", client="backend", merchant_id="shop", ref=[ref])


@pytest.mark.parametrize("seconds", [None, "5", True, math.nan, Decimal(5)])
def test_a_time_that_is_not_a_number_of_seconds_raises_at_the_call(seconds: Any) -> None:
    with Client("ws://127.0.0.1:1/dev") as client:
        calls: list[Any] = [
            partial(client.publish, deadline=seconds),
            partial(LambdaPublisher("none").publish, deadline=seconds),
            partial(notify_on_commit, deadline=seconds),
            partial(Recorder().publish, deadline=seconds),
        ]
        for publish in calls:
            with pytest.raises((TypeError, ValueError), match="deadline must be a number of sec"):
                publish(**PAYMENT)
        if seconds is not None:
            with pytest.raises((TypeError, ValueError), match="timeout must be a number of sec"):
                client.subscribe("shop", "12303", timeout=seconds)
