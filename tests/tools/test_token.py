"""`make token`: what it mints is what the authorizer takes, and what it refuses it explains."""

import json
import subprocess
import sys
import time
from pathlib import Path

import boto3
import jwt
import pytest

import ws_notify.tokens
from lambdas.layer.keys import parse_keys
from lambdas.layer.tokens import LONGEST_LIFE, verify
from tests.tools.stacks import deploy_outputs
from tools import ToolError, token
from tools.ministack import CREDENTIALS
from tools.outputs import LOCAL_OUTPUTS, write_outputs
from tools.tokens import LONGEST_FRONTEND_TOKEN, LONGEST_LIFETIME, mint, read_keys

KEYS = {"first": "a" * 64, "second": "b" * 64}
FRONTEND = {"client": "frontend", "merchant": "shop", "ref": "12303"}


def _run(monkeypatch: pytest.MonkeyPatch, stage: str = "local", **options: str) -> int:
    said = [f"--{name}={value}" for name, value in {"stage": stage, **options}.items()]
    monkeypatch.setattr(sys, "argv", ["make token", *said])
    return token.main()


@pytest.fixture(scope="module")
def secret(aws: str) -> str:
    """The address of a secret that holds two keys."""
    return _secret_with(aws, "keys", json.dumps(KEYS))


def _secret_with(aws: str, name: str, content: str) -> str:
    client = boto3.client(
        "secretsmanager",
        endpoint_url=aws,
        region_name=CREDENTIALS["AWS_REGION"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    arn: str = client.create_secret(Name=name, SecretString=content)["ARN"]
    return arn


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def running(aws: str, secret: str, elsewhere: None) -> None:  # noqa: ARG001 - for its effect
    """The stage local, with tokens."""
    callbacks = f"{aws}/_aws/execute-api/abc/local"
    outputs = {"ConnectionsEndpointURL": callbacks, "TokenKeysSecretArn": secret}
    write_outputs(LOCAL_OUTPUTS, "local", outputs)


@pytest.mark.usefixtures("running")
def test_a_frontends_token_is_what_the_authorizer_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = int(time.time())
    assert _run(monkeypatch, **FRONTEND) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 1  # $(make -s token ...) is the token
    identity = verify(printed[0], KEYS.get, time.time())
    assert (identity.client, identity.merchant_id) == ("frontend", "shop")
    assert identity.refs == frozenset({"12303"})
    assert before + 3600 <= identity.ends_at / 1000 <= time.time() + 3600


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(("ref", "refs"), [("", None), ("12303", frozenset({"12303"}))])
def test_a_backends_token_is_for_every_ref_or_for_one(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ref: str,
    refs: frozenset[str] | None,
) -> None:
    assert _run(monkeypatch, client="backend", merchant="shop", ref=ref) == 0
    identity = verify(capsys.readouterr().out.strip(), KEYS.get, time.time())
    assert (identity.client, identity.merchant_id) == ("backend", "shop")
    assert identity.refs == refs


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize("lifetime", [1, LONGEST_LIFETIME - 1])
def test_a_token_lives_as_long_as_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lifetime: int
) -> None:
    assert _run(monkeypatch, **FRONTEND, lifetime=str(lifetime)) == 0
    claims = jwt.decode(capsys.readouterr().out.strip(), options={"verify_signature": False})
    assert abs(claims["exp"] - time.time() - lifetime) < 5


def test_the_longest_lifetime_is_the_verifiers() -> None:
    assert LONGEST_LIFETIME == LONGEST_LIFE


@pytest.mark.usefixtures("elsewhere")  # refused before any stage is looked for
@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"merchant": ""}, "MERCHANT is missing"),
        ({"ref": ""}, "REF is missing"),
        ({"lifetime": "0"}, "LIFETIME is in seconds"),
        ({"lifetime": "-1"}, "LIFETIME is in seconds"),
        ({"lifetime": str(LONGEST_LIFETIME)}, "less than 86400"),
    ],
)
def test_what_no_token_could_be_minted_of_says_what_to_give(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, str], hint: str
) -> None:
    with pytest.raises(ToolError, match=hint):
        _run(monkeypatch, **{**FRONTEND, **options})


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("options", "blamed"),
    [
        ({"merchant": "a#b"}, "merchant_id"),
        ({"merchant": "shöp"}, "merchant_id"),
        ({"ref": "x" * 513}, "ref"),
        ({"ref": "1\n2"}, "ref"),
    ],
)
def test_a_token_that_the_service_would_refuse_is_not_printed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: dict[str, str],
    blamed: str,
) -> None:
    with pytest.raises(ToolError, match=f"would refuse this token: {blamed}"):
        _run(monkeypatch, **{**FRONTEND, **options})
    assert capsys.readouterr().out == ""


def test_a_frontends_token_that_fits_into_no_address_is_not_printed(
    aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], elsewhere: None
) -> None:
    del elsewhere
    arn = _secret_with(aws, "long-kid", json.dumps({"k" * 3000: "a" * 64}))
    callbacks = f"{aws}/_aws/execute-api/abc/local"
    outputs = {"ConnectionsEndpointURL": callbacks, "TokenKeysSecretArn": arn}
    write_outputs(LOCAL_OUTPUTS, "local", outputs)
    with pytest.raises(ToolError, match="address has room for 3800: give a shorter REF"):
        _run(monkeypatch, **FRONTEND)
    assert capsys.readouterr().out == ""
    assert _run(monkeypatch, client="backend", merchant="shop") == 0


def test_the_longest_token_of_a_frontend_is_the_librarys() -> None:
    assert LONGEST_FRONTEND_TOKEN == ws_notify.tokens.LONGEST_FRONTEND_TOKEN


@pytest.mark.parametrize(
    "option", [{"client": "admin"}, {"client": ""}, {"stage": "staging"}, {"lifetime": "an hour"}]
)
def test_what_is_none_of_the_choices_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: dict[str, str]
) -> None:
    with pytest.raises(SystemExit):
        _run(monkeypatch, **{**FRONTEND, **option})
    (name,) = option
    assert f"argument --{name}" in capsys.readouterr().err


@pytest.mark.usefixtures("elsewhere")
def test_a_stage_whose_auth_is_off_says_so(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    callbacks = {"ConnectionsEndpointURL": f"{aws}/_aws/execute-api/abc/local"}
    write_outputs(LOCAL_OUTPUTS, "local", callbacks)
    with pytest.raises(ToolError, match="asks for no tokens: its auth is off"):
        _run(monkeypatch, **FRONTEND)


@pytest.mark.usefixtures("elsewhere")
def test_a_stage_that_does_not_run_says_how_to_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ToolError, match="make run"):
        _run(monkeypatch, **FRONTEND)


@pytest.mark.usefixtures("credentials")
def test_a_stage_on_aws_is_read_by_the_callers_own_environment(
    secret: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy_outputs("prod", {"TokenKeysSecretArn": secret})
    assert _run(monkeypatch, "prod", **FRONTEND) == 0
    assert verify(capsys.readouterr().out.strip(), KEYS.get, time.time()).merchant_id == "shop"


def test_the_keys_are_read_as_the_authorizer_reads_them(aws: str, secret: str) -> None:
    keys = read_keys({"TokenKeysSecretArn": secret}, {**CREDENTIALS, "AWS_ENDPOINT_URL": aws})
    assert keys == parse_keys(json.dumps(KEYS)) == KEYS


def test_keys_that_cannot_be_read_are_told_by_their_address(aws: str) -> None:
    outputs = {"TokenKeysSecretArn": "arn:aws:secretsmanager:eu-west-1:000000000000:secret:gone"}
    with pytest.raises(ToolError, match=r"secret:gone could not be read: .*ResourceNotFound"):
        read_keys(outputs, {**CREDENTIALS, "AWS_ENDPOINT_URL": aws})


@pytest.mark.parametrize("content", ["canary", '["canary"]', "{}", '"canary"'])
def test_a_secret_that_holds_no_keys_is_told_without_its_content(aws: str, content: str) -> None:
    arn = _secret_with(aws, f"bad-{len(content)}", content)
    with pytest.raises(ToolError, match="holds no keys") as refused:
        read_keys({"TokenKeysSecretArn": arn}, {**CREDENTIALS, "AWS_ENDPOINT_URL": aws})
    assert "canary" not in str(refused.value)


def test_the_newest_key_signs() -> None:
    """So that after a rotation's first step, adding a key, nothing new is signed by the old."""
    assert jwt.get_unverified_header(mint(KEYS, "backend", "shop"))["kid"] == "second"


def test_several_refs_go_into_one_token() -> None:
    minted = mint(KEYS, "frontend", "shop", ["1", "2"])
    assert verify(minted, KEYS.get, time.time()).refs == frozenset({"1", "2"})


def test_a_failure_prints_no_token(tmp_path: Path) -> None:
    command = ("-m", "tools.token", "--stage=local", "--client=backend", "--merchant=shop")
    done = subprocess.run(
        (sys.executable, *command),
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: The stage local is not running")
