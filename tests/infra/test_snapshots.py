"""Every property of `prod` and of `local`, so that no change of a template goes by unseen.

`make snapshots` accepts today's; the difference is then in the commit, to be read. What the other
stages have apart from these two is asserted by type and property in the tests beside this one.
"""

import json
import re
from pathlib import Path

import pytest

from tests.infra.templates import Template

SNAPSHOTS = Path(__file__).parent / "snapshots"
ASSET = re.compile(r'"[0-9a-f]{64}\.zip"')
ALONE = re.compile(r"([{\[])\n\s+([^\n]*[^\n,{\[])\n\s+([}\]])")
"""What holds a single value, such as {"Ref": "Api"}: on one line it is read sooner."""


def normalised(template: Template) -> str:
    text = json.dumps(template.body, indent=2, sort_keys=True) + "\n"
    return ALONE.sub(r"\1\2\3", ASSET.sub('"<hash of the content>.zip"', text))


@pytest.mark.parametrize("stage", ["prod", "local"])
def test_the_template_of_a_stage_equals_its_snapshot(
    templates: dict[str, Template], stage: str, request: pytest.FixtureRequest
) -> None:
    template, snapshot = templates[stage], SNAPSHOTS / f"{stage}.json"
    if request.config.getoption("--update-snapshots", default=False):
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(normalised(template))
    assert normalised(template) == snapshot.read_text(), "accept it with `make snapshots`?"


def test_a_snapshot_depends_on_properties_and_not_on_the_code(local: Template) -> None:
    text = json.dumps(local.body)
    code = local.function("default").properties["Code"]["S3Key"]
    other_code = Template(json.loads(text.replace(code, "0" * 64 + ".zip")))
    other_memory = Template(json.loads(text.replace('"MemorySize": 1769', '"MemorySize": 1768')))
    assert normalised(other_code) == normalised(local)
    assert normalised(other_memory) != normalised(local)
