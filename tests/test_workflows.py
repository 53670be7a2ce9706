"""The workflows: pinned, without permissions they do not need, and prod from main alone."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # has no stubs

MAKEFILE = Path(__file__).parents[1] / "Makefile"
ROOT = MAKEFILE.parent / ".github/workflows"
WORKFLOWS = sorted(ROOT.glob("*.yml"))


def jobs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())["jobs"]
    return found


def used(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what each action of a job is given, by the action's name."""
    steps = [step for step in job["steps"] if "uses" in step]
    return {step["uses"].split("@")[0]: step.get("with", {}) for step in steps}


def commands(job: dict[str, Any]) -> str:
    return "\n".join(step["run"] for step in job["steps"] if "run" in step)


def code_of(workflow: Path) -> str:
    return "\n".join(commands(job) for job in jobs(workflow.name).values() if "steps" in job)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_pin_their_actions_and_ask_for_no_permission_at_the_top(workflow: Path) -> None:
    text = workflow.read_text()
    assert "\npermissions: {}\n" in text
    for action in re.findall(r"uses: (\S+)", text):
        assert action.startswith("./") or re.search(r"@[0-9a-f]{40}$", action), action


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_the_make_targets_that_a_workflow_runs_exist(workflow: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE.read_text(), re.MULTILINE))
    run = re.findall(r"(?:^|\$\()make (?:--[a-z-]+ )?([a-z]+)", code_of(workflow), re.MULTILINE)
    assert set(run) - targets == set()


def test_prod_is_deployed_from_main_alone() -> None:
    (prod,) = jobs("deploy-prod.yml").values()
    assert prod["if"] == "github.ref == 'refs/heads/main'"
    assert prod["with"] == {"stage": "prod", "commit": "${{ github.sha }}"}


def test_what_synthesises_has_no_credentials_and_runs_the_functions_python() -> None:
    synth = jobs("deploy.yml")["synth"]
    assert synth["permissions"] == {"contents": "read"}
    assert "environment" not in synth
    assert used(synth)["actions/setup-python"]["python-version"] == "3.13"
    assert "aws-actions/configure-aws-credentials" not in used(synth)
    assert "make synth" in commands(synth)


def test_what_has_credentials_deploys_that_very_assembly_and_runs_nothing_else_of_the_project() -> (
    None
):
    synth, deploy = (jobs("deploy.yml")[name] for name in ("synth", "deploy"))
    assert deploy["needs"] == "synth"
    assert deploy["environment"] == "${{ inputs.stage }}"
    assert deploy["permissions"] == {"contents": "read", "id-token": "write"}
    kept, taken = used(synth)["actions/upload-artifact"], used(deploy)["actions/download-artifact"]
    assert kept["name"] == taken["name"]
    assert f"tar -cf {kept['path']} cdk.out" in commands(synth)
    assert f"tar -xf {kept['path']}" in commands(deploy)
    assert '"OttuWsNotify-$STAGE" --app cdk.out ' in commands(deploy)
    assert not re.search(r"\b(make|python3?|pip)\b", commands(deploy))
