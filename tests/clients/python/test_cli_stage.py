"""`--stage`: its URL from the stack's outputs, its keys from the secret that they name."""

import json
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import boto3
import jwt
import pytest

from tests.clients.python.kit.aws import SILENCE, Answer, Aws, aws, rejected, stack_outputs
from tests.clients.python.kit.server import Server, scripted
from tests.clients.python.kit.service import Service
from ws_notify import mint_token
from ws_notify.cli import stage
from ws_notify.cli.main import main

KEYS = {"first": "1" * 32, "second": "2" * 32}
SECRET = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:keys-AbCdEf"  # noqa: S105 - its name
URL = "WebsocketConnectEndpointURL"
TOKEN = ["token", "--client", "backend", "--merchant", "shop", "--stage"]
Capture = pytest.CaptureFixture[str]


def no_stack() -> Answer:
    """Return the error of CloudFormation."""
    return Answer(
        '<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error>'
        "<Code>ValidationError</Code><Message>Stack with id OttuWsNotify-dev does not exist."
        "</Message></Error></ErrorResponse>",
        status=400,
    )


def secret(text: str | None = None) -> Answer:
    """Return the answer of Secrets Manager."""
    held = json.dumps({"current": "second", **KEYS}) if text is None else text
    return Answer(json.dumps({"SecretString": held}))


def outputs(url: str = "wss://x/dev") -> Answer:
    """Return the outputs of a stage that accepts tokens."""
    return stack_outputs(**{URL: url, "TokenKeysSecretArn": SECRET})


def test_a_deployed_stage_is_found_by_the_outputs_of_its_stack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with aws(monkeypatch, stack_outputs(**{URL: "wss://example.com/dev"})) as here:
        found = stage.find("dev")
    assert (found.url, found.region) == ("wss://example.com/dev", "eu-west-1")
    assert not found.has_keys
    assert "Action=DescribeStacks" in here.requests[0][1]
    assert "StackName=OttuWsNotify-dev" in here.requests[0][1]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([no_stack()], "OttuWsNotify-dev does not exist. Choose its account and region"),
        ([stack_outputs()], "no output WebsocketConnectEndpointURL: deploy it"),
    ],
)
def test_a_stage_that_is_not_found_exits_with_1_and_a_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, answers: list[Answer], message: str
) -> None:
    with aws(monkeypatch, *answers):
        assert main(["doctor", "--stage", "dev"]) == 1
    assert message in capsys.readouterr().err


OWN = "abc.execute-api.eu-west-1.amazonaws.com/dev"


@pytest.mark.parametrize(
    ("own", "hint"),
    [
        (f"https://{OWN}", f"--url wss://{OWN}, which needs no custom domain"),
        ("https://127.0.0.1:9/dev", None),  # the URL itself
        (None, None),  # of an older stack
    ],
    ids=["custom domain", "own address", "unknown"],
)
@pytest.mark.parametrize("way", [[], ["--http"]], ids=["websocket", "https"])
def test_a_custom_domain_that_fails_is_told_from_its_stage_by_the_apis_own_url(
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    own: str | None,
    hint: str | None,
    way: list[str],
) -> None:
    known = {"ConnectionsEndpointURL": own} if own else {}
    urls = {URL: "wss://127.0.0.1:9/dev", "HttpEndpointURL": "https://127.0.0.1:9/dev"}
    with aws(monkeypatch, stack_outputs(**urls, **known)):
        assert main(["doctor", "--stage", "dev", *way]) == 1
    output = capsys.readouterr().out
    assert "Nothing listens at 127.0.0.1 port 9" in output
    if hint and not way:
        assert hint in output.splitlines()[-1]
    else:
        assert "custom domain" not in output


def test_keys_that_may_not_be_read_are_an_error_that_names_the_permission(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with aws(monkeypatch, outputs(), rejected(400, "AccessDeniedException", "not authorized")):
        assert main([*TOKEN, "dev"]) == 1
    expected = "not authorized. It takes the permission secretsmanager:GetSecretValue"
    assert expected in capsys.readouterr().err


def test_a_missing_region_is_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    assert main(["listen", "--stage", "dev", "shop", "1"]) == 1
    assert "You must specify a region. Choose its account and region" in capsys.readouterr().err


def test_a_missing_boto3_is_an_error_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert main(["doctor", "--stage", "dev"]) == 1
    assert "pip install 'ws-notify[aws]'" in capsys.readouterr().err


def test_token_signs_with_the_current_key_unless_a_kid_is_given(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with aws(monkeypatch, *[outputs(), secret()] * 3):
        for kid, more in (("second", []), ("first", ["--kid", "first"])):
            assert main([*TOKEN, "dev", *more]) == 0
            printed = capsys.readouterr().out.strip()
            assert jwt.decode(printed, KEYS[kid], algorithms=["HS256"])["merchant_id"] == "shop"
        assert main([*TOKEN, "dev", "--kid", "third"]) == 1
    assert "has no key 'third', only 'first', 'second'" in capsys.readouterr().err


def test_a_stage_whose_auth_is_off_mints_no_token(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with aws(monkeypatch, stack_outputs(**{URL: "wss://x/dev"})):
        assert main([*TOKEN, "dev"]) == 1
    assert "does not use tokens: its auth is off" in capsys.readouterr().err


def claims(server: Server) -> list[dict[str, object]]:
    """Return the claims of the token of each handshake, without `exp`."""
    found = [
        jwt.decode((each or "").removeprefix("Bearer "), KEYS["second"], algorithms=["HS256"])
        for each in server.tokens
    ]
    return [{name: each[name] for name in each if name != "exp"} for each in found]


@pytest.mark.parametrize(
    ("arguments", "clients"),
    [
        (["publish", "shop", "1", "paid"], ["backend"]),
        (["doctor", "--merchant", "shop", "--ref", "1"], ["frontend", "backend"]),
        (["bench", "--merchant", "shop", "--ref", "1", "--count", "1"], ["frontend", "backend"]),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_command_without_a_token_mints_one_with_the_stages_key(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, arguments: list[str], clients: list[str]
) -> None:
    with scripted(Service()) as server, connected(monkeypatch, server):
        assert main([*arguments, "--stage", "dev"]) == 0
        minted = [{"client": each, "merchant_id": "shop", "ref": "1"} for each in clients]
        assert claims(server) == minted
    assert ("Both tokens were minted" in capsys.readouterr().out) == (arguments[0] == "doctor")


def connected(monkeypatch: pytest.MonkeyPatch, server: Server) -> AbstractContextManager[Aws]:
    return aws(monkeypatch, outputs(server.url), secret())


def test_listen_without_a_token_mints_one_for_all_its_refs(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with scripted(Service("1", "2")) as server, connected(monkeypatch, server):
        assert main(["listen", "--stage", "dev", "shop", "1", "2"]) == 1
        assert claims(server) == [{"client": "frontend", "merchant_id": "shop", "ref": ["1", "2"]}]
        with pytest.raises(SystemExit), connected(monkeypatch, server):
            main(["listen", "--stage", "dev", "shop", *map(str, range(21))])
    assert "1 to 20 refs" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["doctor", "bench"])
def test_a_ref_that_no_token_may_name_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, command: str
) -> None:
    with aws(monkeypatch, outputs(), secret()), pytest.raises(SystemExit) as ended:
        main([command, "--stage", "dev", "--ref", "x" * 3000])
    assert ended.value.code == 2
    assert "ref must be a string without control characters" in " ".join(
        capsys.readouterr().err.split()
    )


def test_a_command_with_a_token_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(Service()) as server, connected(monkeypatch, server) as here:
        assert main(["publish", "--stage", "dev", "--token", "t", "shop", "1", "paid"]) == 0
        assert server.tokens == ["Bearer t"]
    assert len(here.requests) == 1


@pytest.mark.parametrize(
    ("kid", "answer", "said"),
    [
        ("second", secret(), "✓ token"),
        ("third", secret(), "kid in its header is 'third', and the stage has only"),
        ("first", secret(), "its signature is not by the key that its kid names"),
        ("third", rejected(400, "AccessDeniedException"), "signature was not checked"),
    ],
)
def test_doctor_compares_a_token_with_the_keys_of_the_stage_where_it_may_read_them(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, kid: str, answer: Answer, said: str
) -> None:
    given = mint_token(KEYS["second"], kid, client="backend", merchant_id="shop")
    with scripted(401) as server, aws(monkeypatch, outputs(server.url), answer):
        assert main(["doctor", "--stage", "dev", "--token", given]) == 1
    assert said in capsys.readouterr().out


def write_local_outputs(content: object) -> None:
    Path(".local").mkdir(exist_ok=True)
    Path(".local/outputs.json").write_text(json.dumps(content))


def test_the_stage_local_is_found_by_the_file_of_make_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with aws(monkeypatch, secret()) as here:
        local = {
            URL: "ws://localhost:4566/x/local",
            "ConnectionsEndpointURL": here.endpoint.replace("127.0.0.1", "localhost") + "/x/local",
            "TokenKeysSecretArn": SECRET,
        }
        write_local_outputs({"OttuWsNotify-local": local})
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        found = stage.find("local")
        assert found.url == "ws://localhost:4566/x/local"
        assert found.keys().secret().keys == KEYS


def test_the_stage_local_without_make_run_is_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["listen", "--stage", "local", "shop", "1"]) == 1
    assert "Start it with `make run`" in capsys.readouterr().err
    write_local_outputs({"OttuWsNotify-local": {}})
    assert main(["listen", "--stage", "local", "shop", "1"]) == 1
    assert "is not as `make run` writes it" in capsys.readouterr().err


def test_a_stage_local_that_was_killed_is_an_error_that_names_make_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    with aws(monkeypatch, SILENCE) as here:
        local = {URL: "ws://x/local", "TokenKeysSecretArn": SECRET}
        write_local_outputs(
            {"OttuWsNotify-local": {**local, "ConnectionsEndpointURL": here.endpoint}}
        )
    assert main([*TOKEN, "local"]) == 1
    assert "Start it again with `make run`" in capsys.readouterr().err
