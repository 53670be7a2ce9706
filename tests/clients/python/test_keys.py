"""`Keys`: read once in a while, signing with the current key, and errors that say what to do."""

import json
import logging
import os
import sys
import threading
from types import SimpleNamespace
from typing import Any

import jwt
import pytest

from tests.clients.python.kit.aws import Answer, aws, rejected
from ws_notify import Keys, KeysError, keys
from ws_notify.secret import parse_secret

FIRST, SECOND = "1" * 32, "2" * 64
ARN = "arn:aws:secretsmanager:me-south-1:000000000000:secret:keys-AbCdEf"


class Wall:
    """Stands in for the module `time`: a clock of the wall that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_795_426_200.0

    def time(self) -> float:
        return self.now


class Secret:
    """A secret that counts its reads, and fails on demand."""

    def __init__(self, **content: Any) -> None:
        self.content = content
        self.reads = 0
        self.failing = False

    def __call__(self) -> str:
        self.reads += 1
        if self.failing:
            raise KeysError("no network", retryable=True)
        return json.dumps(self.content)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    wall = Wall()
    monkeypatch.setattr(keys, "time", wall)
    return wall


def kid(made: Keys) -> str:
    return made.signing_key().kid


def test_a_token_is_signed_with_the_current_key() -> None:
    made = Keys(Secret(first=FIRST, second=SECOND, current="first"))
    token = made.mint_token(client="frontend", merchant_id="shop", ref=["1", 2], lifetime=60)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": "first", "typ": "JWT"}
    assert jwt.decode(token, FIRST, algorithms=["HS256"])["ref"] == ["1", "2"]
    with pytest.raises(ValueError, match="ref is missing"):
        made.mint_token(client="frontend", merchant_id="shop")


def test_a_single_key_is_current() -> None:
    assert kid(Keys(Secret(first=FIRST))) == "first"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"b": FIRST, "a": SECOND},
            "several keys, 'b', 'a', and does not say which one signs: add",
        ),
        ({"a": FIRST, "current": "b"}, "does not name a key: set it to one of 'a'"),
        ({"a": FIRST, "current": SECOND}, "does not name a key"),
        ({"a": FIRST, "current": "current"}, "does not name a key"),
        ({"a": FIRST, "current": 7}, "does not name a key"),
        ({"current": "a"}, "holds no keys: it must be a JSON object"),
        ({"a": 7}, "holds no keys"),
        ({"a": SECOND, "b": "short"}, "The key is too short: 'b'"),
    ],
)
def test_a_wrong_secret_is_an_error_that_says_what_to_do_and_shows_no_key(
    content: dict[str, Any], message: str
) -> None:
    with pytest.raises(KeysError, match=message) as raised:
        Keys(Secret(**content), "the-secret").mint_token(client="backend", merchant_id="shop")
    assert not raised.value.retryable
    assert "the-secret" in str(raised.value)
    assert not [key for key in (FIRST, SECOND, "short'") if key in str(raised.value)]


@pytest.mark.parametrize("text", ["", "garbage-of-the-secret", "[]", "null", "[" * 100_000])
def test_a_secret_without_keys_is_an_error_without_its_content(text: str) -> None:
    with pytest.raises(KeysError, match="holds no keys") as raised:
        parse_secret(text, "x")
    assert "garbage" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_no_repr_shows_a_key() -> None:
    made = Keys(Secret(first=FIRST))
    assert FIRST not in f"{made!r} {made.secret()!r} {made.signing_key()!r}"


def test_the_secret_is_read_once_in_five_minutes_and_then_followed(wall: Wall) -> None:
    secret = Secret(first=FIRST)
    made = Keys(secret)
    assert secret.reads == 0
    for _ in range(3):
        assert kid(made) == "first"
        wall.now += 99
    assert secret.reads == 1
    secret.content = {"first": FIRST, "second": SECOND, "current": "second"}
    wall.now += 3
    assert (kid(made), secret.reads) == ("second", 2)
    wall.now -= 1  # the clock was set back
    assert (kid(made), secret.reads) == ("second", 3)


def test_keys_that_cannot_be_read_again_are_used_for_an_hour_with_a_warning(
    wall: Wall, caplog: pytest.LogCaptureFixture
) -> None:
    secret = Secret(first=FIRST)
    made = Keys(secret)
    kid(made)
    secret.failing = True
    wall.now += 300
    for _ in range(29):
        assert kid(made) == "first"
        wall.now += 1
    assert secret.reads == 2
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("ws_notify", logging.WARNING)
    wall.now += 3299 - 28
    with pytest.raises(KeysError, match="no network") as raised:
        kid(made)
    assert raised.value.retryable
    secret.failing = False
    assert kid(made) == "first"


def test_a_current_that_is_wrong_is_reported_though_older_keys_are_known(wall: Wall) -> None:
    secret = Secret(first=FIRST)
    made = Keys(secret)
    kid(made)
    secret.content["current"] = "frist"
    wall.now += 300
    with pytest.raises(KeysError, match="does not name a key"):
        kid(made)


def test_a_corrected_current_is_read_within_30_seconds(wall: Wall) -> None:
    secret = Secret(first=FIRST, current="frist")
    made = Keys(secret)
    for _ in range(30):
        with pytest.raises(KeysError, match="does not name a key"):
            kid(made)
        wall.now += 1
    assert secret.reads == 1
    secret.content["current"] = "first"
    assert (kid(made), secret.reads) == ("first", 2)


def test_threads_read_a_secret_once(wall: Wall) -> None:
    asked, answered = threading.Event(), threading.Event()
    secret = Secret(first=FIRST)

    def slowly() -> str:
        asked.set()
        assert answered.wait(10)
        return secret()

    made, found = Keys(slowly), []
    threads = [threading.Thread(target=lambda: found.append(kid(made))) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert asked.wait(10)
    answered.set()
    for thread in threads:
        thread.join()
    assert (found, secret.reads) == (["first"] * 5, 1)
    # While one reads it again, the others go on with what they have.
    answered.clear()
    asked.clear()
    wall.now += 300
    reading = threading.Thread(target=lambda: kid(made))
    reading.start()
    assert asked.wait(10)
    assert kid(made) == "first"
    answered.set()
    reading.join()
    assert secret.reads == 2


def test_a_process_that_was_forked_while_a_thread_read_reads_for_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, answered = threading.Event(), threading.Event()

    def fetch() -> str:
        if threading.current_thread() is not threading.main_thread():
            asked.set()
            assert answered.wait(10)
        return json.dumps({"first": FIRST})

    made = Keys(fetch)
    reading = threading.Thread(target=lambda: kid(made))
    reading.start()
    assert asked.wait(10)
    monkeypatch.setattr(os, "getpid", lambda: -1)  # as in the child, which has no such thread
    assert kid(made) == "first"
    answered.set()
    reading.join()


def test_the_secret_is_read_in_the_region_of_its_arn_else_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    answer = Answer(json.dumps({"SecretString": json.dumps({"first": FIRST})}))
    with aws(monkeypatch, answer) as here:
        monkeypatch.setattr("ws_notify.keys.region", lambda: "eu-west-3")
        for name in (ARN, "keys"):
            assert kid(Keys.from_secret(name)) == "first"
    assert here.regions == ["me-south-1", "eu-west-3"]
    assert [each["SecretId"] for each in here.payloads] == [ARN, "keys"]


def test_a_secret_that_may_not_be_read_is_an_error_that_names_the_permission(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        aws(monkeypatch, rejected(400, "AccessDeniedException", "not authorized")),
        pytest.raises(KeysError, match=f"{ARN} could not be read: .*GetSecretValue") as raised,
    ):
        kid(Keys.from_secret(ARN))
    assert raised.value.retryable


def test_a_secret_without_a_text_holds_no_keys() -> None:
    binary = SimpleNamespace(get_secret_value=lambda **_: {"SecretBinary": b"x"})
    with pytest.raises(KeysError, match="holds no keys"):
        kid(Keys.from_secret("keys", client=binary))


def test_without_boto3_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.exceptions", None)
    with pytest.raises(KeysError, match=r"pip install 'ws-notify\[aws\]'"):
        kid(Keys.from_secret("keys"))
