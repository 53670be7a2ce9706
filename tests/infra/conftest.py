"""Every stage, synthesised once for all tests here, with cdk.json's context as the CDK CLI does."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from app import build
from tests.infra.templates import Template

ROOT = Path(__file__).parents[2]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-snapshots",
        action="store_true",
        help="accept today's templates as tests/infra/snapshots (run `git diff` on them after)",
    )


@pytest.fixture(scope="session")
def context() -> dict[str, str]:
    loaded: dict[str, str] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return loaded


@pytest.fixture(scope="session")
def assembly(context: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cdk.out")
    build(str(out), context).synth()
    return out


@pytest.fixture(scope="session", params=["local", "dev", "prod"])
def stage(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def templates(assembly: Path) -> dict[str, Template]:
    return {
        stage: Template.read(assembly / f"OttuWsNotify-{stage}.template.json")
        for stage in ("local", "dev", "prod")
    }


@pytest.fixture(scope="session")
def template(templates: Mapping[str, Template], stage: str) -> Template:
    return templates[stage]


@pytest.fixture(scope="session")
def local(templates: Mapping[str, Template]) -> Template:
    return templates["local"]


@pytest.fixture(scope="session")
def dev(templates: Mapping[str, Template]) -> Template:
    return templates["dev"]


@pytest.fixture(scope="session")
def prod(templates: Mapping[str, Template]) -> Template:
    return templates["prod"]
