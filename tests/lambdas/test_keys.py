"""The keys of a stage: cached, new ones found soon, removed ones dropped in time."""

import json
from typing import Any

import pytest

from lambdas.layer.auth.keys import BadSecretError, Keys, KeysUnavailableError, parse_keys
from lambdas.layer.aws import json_services, retries
from lambdas.layer.settings import MissingSettingError
from tests.kit.clock import FakeClock, FakeTime, LongestPauses
from tests.kit.loopback import HttpResponse, LoopbackApi
from tests.kit.tokens import KEYS

KEY, OTHER = KEYS.values()


class Secret:
    """The stage's secret, that counts how often it is read, and fails on demand."""

    def __init__(self) -> None:
        self.keys = {"first": KEY}
        self.reads = 0
        self.error: Exception | None = None

    def __call__(self) -> dict[str, str]:
        self.reads += 1
        if self.error is not None:
            raise self.error
        return dict(self.keys)


@pytest.fixture
def secret() -> Secret:
    return Secret()


@pytest.fixture
def keys(secret: Secret, clock: FakeClock) -> Keys:
    return Keys(secret, clock=clock)


def test_nothing_is_read_before_the_first_token(keys: Keys, secret: Secret) -> None:
    assert secret.reads == 0
    assert keys.get("first") == KEY
    assert secret.reads == 1


def test_known_keys_are_read_once_in_four_minutes(
    keys: Keys, secret: Secret, clock: FakeClock
) -> None:
    for _ in range(240):
        assert keys.get("first") == KEY
        clock.advance(seconds=0.999)
    assert secret.reads == 1
    clock.advance(seconds=0.3)
    assert keys.get("first") == KEY
    assert secret.reads == 2


def test_a_key_that_was_added_is_found_within_a_minute(
    keys: Keys, secret: Secret, clock: FakeClock
) -> None:
    keys.get("first")
    secret.keys["second"] = OTHER
    clock.advance(seconds=59.999)
    assert keys.get("second") is None
    clock.advance(seconds=0.001)
    assert keys.get("second") == OTHER
    assert keys.get("first") == KEY
    assert secret.reads == 2


def test_many_unknown_kids_cause_few_reads(keys: Keys, secret: Secret, clock: FakeClock) -> None:
    for n in range(1200):  # twenty minutes of one each second
        assert keys.get(f"unknown {n}") is None
        assert keys.get("first") == KEY
        clock.advance(seconds=1)
    assert secret.reads == 20


def test_a_removed_key_is_invalid_after_four_minutes(
    keys: Keys, secret: Secret, clock: FakeClock
) -> None:
    assert keys.get("first") == KEY
    secret.keys = {"second": OTHER}
    clock.advance(seconds=239.999)
    assert keys.get("first") == KEY
    clock.advance(seconds=0.001)
    assert keys.get("first") is None
    assert keys.get("second") == OTHER


def test_the_age_of_the_keys_counts_from_before_they_were_read(
    clock: FakeClock, secret: Secret
) -> None:
    def slowly() -> dict[str, str]:
        read = secret()
        clock.advance(seconds=3)
        return read

    keys = Keys(slowly, clock=clock)
    asked = clock.now
    keys.get("first")
    secret.keys = {}
    clock.now = asked + 4 * 60 * 1000
    assert keys.get("first") is None


@pytest.mark.parametrize("after", [240, 3600])
def test_old_keys_do_not_live_on_where_reading_fails(
    after: int, keys: Keys, secret: Secret, clock: FakeClock
) -> None:
    keys.get("first")
    secret.error = RuntimeError("no secret")
    clock.advance(seconds=after)
    for kid in ("unknown", "first", "first"):
        with pytest.raises(RuntimeError):
            keys.get(kid)
    secret.error = None
    secret.keys = {"second": OTHER}
    clock.advance(seconds=5)
    assert keys.get("first") is None
    assert keys.get("second") == OTHER


def test_many_unknown_kids_cause_few_reads_and_no_failures_when_reading_fails(
    keys: Keys, secret: Secret, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    keys.get("first")
    secret.error = RuntimeError("no secret")
    for n in range(239):
        clock.advance(seconds=1)
        assert keys.get(f"unknown {n}") is None
        assert keys.get("first") == KEY
    assert secret.reads == 1 + 3
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3
    # Below the service's logger, whose handler writes JSON.
    assert {record.name for record in caplog.records} == {"ottu-ws-notify.keys"}
    clock.advance(seconds=60)
    with pytest.raises(RuntimeError, match="no secret"):
        keys.get("unknown")


def test_keys_from_a_time_that_is_yet_to_come_count_as_old(
    keys: Keys, secret: Secret, clock: FakeClock
) -> None:
    keys.get("first")
    secret.keys = {"second": OTHER}
    clock.advance(seconds=-1)
    assert keys.get("first") is None
    assert keys.get("second") == OTHER


def test_a_failure_at_a_time_that_is_yet_to_come_does_not_hinder_reading(
    keys: Keys, secret: Secret, clock: FakeClock
) -> None:
    secret.error = RuntimeError("no secret")
    with pytest.raises(RuntimeError, match="no secret"):
        keys.get("first")
    secret.error = None
    clock.advance(seconds=-1)
    assert keys.get("first") == KEY


def test_many_tokens_cause_few_reads_when_reading_fails(
    keys: Keys, secret: Secret, clock: FakeClock
) -> None:
    secret.error = RuntimeError("no secret")
    with pytest.raises(RuntimeError, match="no secret"):
        keys.get("first")
    reads = secret.reads
    clock.advance(seconds=4.999)
    for _ in range(100):
        with pytest.raises(KeysUnavailableError):
            keys.get("first")
    assert secret.reads == reads
    secret.error = None
    clock.advance(seconds=0.001)
    assert keys.get("first") == KEY


def test_many_tokens_cause_few_reads_when_refreshing_old_keys_fails(
    keys: Keys, secret: Secret, clock: FakeClock
) -> None:
    keys.get("first")
    secret.error = RuntimeError("no secret")
    clock.advance(seconds=300)
    for _ in range(100):
        with pytest.raises((RuntimeError, KeysUnavailableError)):
            keys.get("first")
    assert secret.reads == 2


@pytest.mark.parametrize("keys", [{"first": "k" * 32}, {"a": KEY, "b": OTHER}])
def test_a_secret_is_an_object_of_kids_and_keys(keys: dict[str, str]) -> None:
    assert parse_keys(json.dumps(keys)) == keys


@pytest.mark.parametrize("current", ["a", "no such key", "current", "", None, 7, KEY, {"a": KEY}])
def test_the_member_current_is_not_a_key_and_locks_nobody_out(current: Any) -> None:
    assert parse_keys(json.dumps({"current": current, "a": KEY})) == {"a": KEY}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        KEY,
        "null",
        "{}",
        "[" * 100_000,
        json.dumps(KEY),
        json.dumps([KEY]),
        json.dumps({"current": KEY}),
        json.dumps({"first": None}),
        json.dumps({"first": 1}),
        json.dumps({"first": ""}),
        json.dumps({"first": "k" * 31}),
        json.dumps({"first": KEY, "second": "short"}),
        json.dumps({"first": {"key": KEY}}),
        json.dumps({"first": f"-----BEGIN PUBLIC KEY-----\n{KEY}\n-----END PUBLIC KEY-----"}),
        json.dumps({"first": f"ssh-ed25519 {KEY}"}),
        json.dumps({"first": KEY + "\ud800"}),
    ],
)
def test_a_secret_of_another_form_is_rejected_without_showing_it(text: str) -> None:
    with pytest.raises(BadSecretError, match="must be a JSON object of kid: key") as refused:
        parse_keys(text)
    assert KEY not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.fixture
def environment(loopback: LoopbackApi, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("TOKEN_KEYS_SECRET", "arn:aws:secretsmanager:eu-west-1:1:secret:keys")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", loopback.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setattr(json_services, "time", FakeTime())
    monkeypatch.setattr(retries, "random", LongestPauses)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_they_come_from_the_secret_that_the_environment_names(loopback: LoopbackApi) -> None:
    loopback.script(HttpResponse(200, {"SecretString": json.dumps(KEYS), "Name": "keys"}))
    keys = Keys.from_env()
    assert loopback.requests == []
    assert (keys.get("first"), keys.get("second"), keys.get("third")) == (KEY, OTHER, None)
    (request,) = loopback.requests
    assert request.headers["x-amz-target"] == "secretsmanager.GetSecretValue"
    assert request.headers["content-type"] == "application/x-amz-json-1.1"
    assert "/eu-west-1/secretsmanager/aws4_request" in request.headers["authorization"]
    assert json.loads(request.body) == {
        "SecretId": "arn:aws:secretsmanager:eu-west-1:1:secret:keys"
    }


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(400, {"__type": "ResourceNotFoundException"}),
        HttpResponse(400, {"__type": "AccessDeniedException"}),
        HttpResponse(200, {"SecretBinary": "aaaa"}),
        HttpResponse(200, {"SecretString": "no JSON"}),
        HttpResponse(200, b"garbage"),
    ],
)
def test_a_secret_that_cannot_be_read_raises(answer: Any, loopback: LoopbackApi) -> None:
    loopback.script(answer)
    keys = Keys.from_env()
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is, it raises
        keys.get("first")
    assert KEY not in repr(raised.value)


def test_a_secret_that_is_not_named_is_an_error_that_names_it(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.delenv("TOKEN_KEYS_SECRET")
    with pytest.raises(MissingSettingError, match="TOKEN_KEYS_SECRET"):
        Keys.from_env()
