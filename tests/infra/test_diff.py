"""`make diff`, on a repository with an app of one queue: quick, and nothing of this one."""

import json
import subprocess
from pathlib import Path

import pytest

from tools import diff

APP = """
from aws_cdk import App, CfnResource, Stack
app = App(analytics_reporting=False)
for name in {stacks}:
    stack = Stack(app, name)
    CfnResource(stack, "Queue", type="AWS::SQS::Queue", properties={{"DelaySeconds": {delay}}})
app.synth()
"""


def git(*arguments: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    command = ("git", *identity, *arguments)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def write_app(*stacks: str, delay: int) -> None:
    Path("app.py").write_text(APP.format(stacks=stacks, delay=delay))


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--message", "Begin")
    cdk_json = {"app": "python app.py", "versionReporting": False}
    Path("cdk.json").write_text(json.dumps(cdk_json))
    Path(".gitignore").write_text(".build\n")
    write_app("One", delay=5)
    git("add", ".")
    git("commit", "--quiet", "--message", "Add a queue")
    return tmp_path


def test_an_unchanged_tree_shows_no_difference_and_exits_0(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diff.main(["HEAD"]) == diff.SAME == 0
    assert capsys.readouterr().out == "Stack One\nThere were no differences\n\n"
    assert git("status", "--short") == ""
    assert {path.name for path in repository.iterdir()} == {
        ".build",
        ".git",
        ".gitignore",
        "app.py",
        "cdk.json",
    }


def test_a_changed_property_is_shown_and_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    write_app("One", "Two", delay=6)
    assert diff.main(["HEAD"]) == diff.DIFFERENT == 1
    shown = capsys.readouterr().out
    assert "[~] AWS::SQS::Queue Queue" in shown
    assert "[-] 5" in shown
    assert "[+] 6" in shown
    assert "Stack Two\nIs new since HEAD\n" in shown


@pytest.mark.parametrize("base", ["no-such-branch", "--output=x", "HEAD:app.py"])
def test_a_base_that_is_not_a_commit_exits_2(base: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff.main(["--", base]) == diff.UNUSABLE == 2
    assert f"{base!r} is not a commit of this repository" in capsys.readouterr().err


def test_a_base_without_an_app_exits_2_and_says_that_all_is_new(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert diff.main(["HEAD^"]) == diff.UNUSABLE
    assert "HEAD^ has no app.py: everything is new since then" in capsys.readouterr().err


def test_an_app_that_does_not_synthesise_exits_2_with_its_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("app.py").write_text("raise SystemExit('no such luck')")
    assert diff.main(["HEAD"]) == diff.UNUSABLE
    assert "no such luck" in capsys.readouterr().err
