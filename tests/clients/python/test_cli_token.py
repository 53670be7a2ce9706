"""What `token` prints: a token, or why there is none."""

import io
import time

import jwt
import pytest

from ws_notify.cli.main import main

KEY = "k" * 32
Capture = pytest.CaptureFixture[str]


def test_token_prints_a_token_and_nothing_else(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", KEY)
    who = ["--client", "frontend", "--merchant", "shop", "--ref", "1", "--ref", "2", "3"]
    more = ["--lifetime", "60", "--kid", "first", "--key-env", "KEY"]
    assert main(["token", *who, *more]) == 0
    printed = capsys.readouterr().out.removesuffix("\n")
    claims = jwt.decode(printed, KEY, algorithms=["HS256"])
    assert jwt.get_unverified_header(printed)["kid"] == "first"
    assert claims.pop("exp") - time.time() == pytest.approx(60, abs=5)
    assert claims == {"client": "frontend", "merchant_id": "shop", "ref": ["1", "2", "3"]}


def test_token_without_key_env_reads_the_key_from_standard_input(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    assert main(["token", "--client", "backend", "--merchant", "shop", "--kid", "first"]) == 0
    assert jwt.decode(capsys.readouterr().out.strip(), KEY, algorithms=["HS256"])


@pytest.mark.parametrize(
    ("key", "message"),
    [("short", "The key is too short"), ("", "KEY is not set in the environment")],
)
def test_token_with_an_invalid_key_exits_with_1(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, key: str, message: str
) -> None:
    monkeypatch.setenv("KEY", key)
    who = ["--client", "backend", "--merchant", "s", "--kid", "first", "--key-env", "KEY"]
    assert main(["token", *who]) == 1
    assert message in capsys.readouterr().err


def test_token_with_invalid_claims_is_wrong_usage(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", KEY)
    with pytest.raises(SystemExit) as ended:
        main(["token", "--client", "frontend", "--merchant", "shop", "--kid", "first",
              "--key-env", "KEY"])  # fmt: skip
    assert ended.value.code == 2
    assert "a frontend's token names its refs" in capsys.readouterr().err
