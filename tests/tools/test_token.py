"""`make token`, which is `ws-notify token`: the service accepts what it mints."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import jwt
import pytest

from lambdas.layer.auth.keys import parse_keys
from lambdas.layer.auth.tokens import LONGEST_LIFE, InvalidToken, verify
from tests.tools.stacks import deploy_outputs
from tools.ministack import CREDENTIALS
from tools.outputs import write_outputs
from ws_notify import mint_token
from ws_notify.cli.main import main
from ws_notify.cli.stage import LOCAL, LOCAL_OUTPUTS, LOCAL_REGION, Stage
from ws_notify.tokens import MAX_LIFETIME

KEYS = {"first": "a" * 64, "second": "b" * 64}
SECRET = json.dumps({**KEYS, "current": "second"})
FRONTEND = ("--client", "frontend", "--merchant", "shop", "--ref", "12303")


@pytest.fixture(scope="module")
def secret(aws: str) -> str:
    """The ARN of a secret that holds two keys."""
    client = boto3.client(
        "secretsmanager",
        endpoint_url=aws,
        region_name=CREDENTIALS["AWS_REGION"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    arn: str = client.create_secret(Name="keys", SecretString=SECRET)["ARN"]
    return arn


@pytest.fixture
def running(aws: str, secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stage local, with tokens."""
    monkeypatch.chdir(tmp_path)
    outputs = {
        "ConnectionsEndpointURL": f"{aws}/_aws/execute-api/abc/local",
        "TokenKeysSecretArn": secret,
        "WebsocketConnectEndpointURL": "ws://localhost/local",
    }
    write_outputs(LOCAL_OUTPUTS, LOCAL, outputs)


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("client", "refs", "lifetime"),
    [
        ("frontend", ["12303"], 1),
        ("frontend", ["1", "2"], 3600),
        ("backend", [], MAX_LIFETIME - 1),
        ("backend", ["12303"], 3600),
    ],
)
def test_a_minted_token_is_accepted_by_the_authorizer(
    capsys: pytest.CaptureFixture[str], client: str, refs: list[str], lifetime: int
) -> None:
    before = int(time.time())
    named = ("--ref", *refs) if refs else ()
    lasting = ("--lifetime", str(lifetime))
    who = ("--client", client, "--merchant", "shop")
    assert main(["token", "--stage", "local", *who, *lasting, *named]) == 0
    (printed,) = capsys.readouterr().out.splitlines()  # $(make -s token ...) is the token
    identity = verify(printed, KEYS.get, before)
    assert (identity.client, identity.merchant_id) == (client, "shop")
    assert identity.refs == (frozenset(refs) or None)
    assert before + lifetime <= identity.expires_at_ms / 1000 <= time.time() + lifetime


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("default_region", [None, "us-east-1"])
def test_a_stage_on_aws_is_read_with_the_callers_environment_in_its_region(
    secret: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    default_region: str | None,
) -> None:
    url = {"WebsocketConnectEndpointURL": "wss://example.com/prod"}
    stage = f"prod{default_region or ''}"
    deploy_outputs(stage, {**url, "TokenKeysSecretArn": secret})
    # boto3 by itself reads only this one, not the AWS_REGION that chooses here.
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    if default_region:
        monkeypatch.setenv("AWS_DEFAULT_REGION", default_region)
    assert main(["token", "--stage", stage, *FRONTEND]) == 0
    assert verify(capsys.readouterr().out.strip(), KEYS.get, time.time()).merchant_id == "shop"


def test_the_keys_are_read_as_the_authorizer_reads_them(aws: str, secret: str) -> None:
    keys = Stage(LOCAL, {"TokenKeysSecretArn": secret}, LOCAL_REGION, aws).keys()
    assert keys.secret().keys == parse_keys(SECRET) == KEYS
    assert keys.signing_key().kid == "second"


def test_the_maximal_lifetime_is_the_authorizers() -> None:
    assert MAX_LIFETIME == LONGEST_LIFE


_VALID = {"client": "frontend", "merchant_id": "a.b_c:d-9" * 14, "ref": "é" * 256}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"merchant_id": "a#b"},
        {"merchant_id": "shöp"},
        {"merchant_id": "shop\n"},
        {"merchant_id": "x" * 129},
        {"ref": "é" * 256 + "x"},
        {"ref": "1\n2"},
        {"ref": "1\x9f"},
        {"ref": [str(number) for number in range(21)]},
    ],
)
def test_a_claim_is_minted_exactly_where_the_authorizer_accepts_it(
    changed: dict[str, Any],
) -> None:
    fields: dict[str, Any] = {**_VALID, **changed}
    if not changed:
        assert verify(mint_token(KEYS["first"], "first", **fields), KEYS.get, time.time())
        return
    with pytest.raises(ValueError, match=next(iter(changed))):
        mint_token(KEYS["first"], "first", **fields)
    claims = {**fields, "exp": int(time.time()) + 60}
    unchecked = jwt.encode(claims, KEYS["first"], headers={"kid": "first"})
    with pytest.raises(InvalidToken, match=next(iter(changed))):
        verify(unchecked, KEYS.get, time.time())


def test_a_failure_prints_no_token(tmp_path: Path) -> None:
    command = ("-m", "ws_notify", "token", "--stage=local", "--client=backend", "--merchant=shop")
    done = subprocess.run(
        (sys.executable, *command),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: The stage local is not running")
