import re
import shutil
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_MAKE = shutil.which("make") or "make"


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (_MAKE, "--no-print-directory", "--dry-run", *arguments),
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("deploy",), "takes one of: dev prod"),
        (("deploy", "STAGE=local"), "`make run`"),
        (("deploy", "STAGE=dev prod"), "takes one of: dev prod"),
        (("destroy", "STAGE=production"), "takes one of: dev prod"),
        (("hotswap", "STAGE=prod"), "takes one of: dev,"),
        (("env",), "takes one of: local dev prod"),
        (("token",), "takes one of: local dev prod"),
        (("token", "STAGE=staging"), "takes one of: local dev prod"),
        (("token", "STAGE=local prod"), "takes one of: local dev prod"),
        (("diff",), "BASE is missing"),
        (("bootstrap", "LOGGING_ROLE=yes"), "takes keep or replace"),
    ],
)
def test_a_missing_or_wrong_variable_is_an_error_that_says_what_to_give(
    arguments: tuple[str, ...], hint: str
) -> None:
    done = _make(*arguments)
    assert done.returncode == 2
    assert hint in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_deployment_names_one_stack(stage: str) -> None:
    assert f"deploy OttuWsNotify-{stage} " in _make("deploy", f"STAGE={stage}").stdout


@pytest.mark.parametrize(("said", "role"), [((), "keep"), (("LOGGING_ROLE=replace",), "replace")])
def test_a_bootstrap_replaces_the_accounts_role_only_when_told(
    said: tuple[str, ...], role: str
) -> None:
    cdk, ours = _make("bootstrap", *said).stdout.splitlines()[-2:]
    assert cdk.startswith("node_modules/.bin/cdk bootstrap ")
    assert f"-m tools.logging_role --role '{role}' " in ours


def test_a_token_is_minted_for_what_is_said() -> None:
    said = ("STAGE=local", "CLIENT=frontend", "MERCHANT=my shop", "REF=1 2", "LIFETIME=60")
    assert (
        _make("token", *said)
        .stdout.strip()
        .endswith(
            "-m ws_notify token --stage 'local' --client 'frontend' --merchant 'my shop' "
            "--lifetime '60' --ref '1 2'"
        )
    )


@pytest.mark.parametrize(("said", "auth"), [((), "off"), (("AUTH=required",), "required")])
def test_a_run_asks_for_tokens_where_it_is_told_to(said: tuple[str, ...], auth: str) -> None:
    assert f"--auth '{auth}'" in _make("run", *said).stdout


@pytest.mark.parametrize(
    ("said", "exported", "host"),
    [
        ((), {}, "127.0.0.1"),
        (("HOST=0.0.0.0",), {}, "0.0.0.0"),  # noqa: S104 - what is tested
        (("HOST=192.0.2.7",), {}, "192.0.2.7"),
        ((), {"HOST": "0.0.0.0"}, "0.0.0.0"),  # noqa: S104 - (the same)
        ((), {"HOST": "this-machine"}, "127.0.0.1"),
    ],
)
def test_a_run_listens_where_it_is_told_and_not_at_the_name_that_a_shell_exports(
    monkeypatch: pytest.MonkeyPatch, said: tuple[str, ...], exported: dict[str, str], host: str
) -> None:
    monkeypatch.delenv("HOST", raising=False)
    for name, value in exported.items():
        monkeypatch.setenv(name, value)
    assert f"--host '{host}'" in _make("run", *said).stdout


def test_help_lists_every_target() -> None:
    makefile = (_ROOT / "Makefile").read_text()
    targets = {line.removeprefix(".PHONY: ") for line in makefile.splitlines() if ".PHONY" in line}
    done = subprocess.run((_MAKE, "-s"), cwd=_ROOT, capture_output=True, text=True, check=True)
    assert {line.split()[1] for line in done.stdout.splitlines()} == targets


def test_the_constraints_hold_every_version_that_is_asked_for() -> None:
    files = ("requirements-dev.txt", "requirements.txt", "lambdas/requirements.txt")
    lines = [line for name in files for line in (_ROOT / name).read_text().splitlines()]
    pins = {re.sub(r"\[.*\]|\s*[;#].*", "", line.lower()) for line in lines if "==" in line}
    constraints = (_ROOT / "constraints.txt").read_text().lower().replace("_", "-")
    assert pins <= set(constraints.splitlines())
