"""Every stage, synthesised once for all tests here, with cdk.json's context as the CDK CLI does.

And once more the emulated stage, with tokens required: what `make run AUTH=required` deploys.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from aws_cdk import App

from app import build
from infra.checks import add_checks
from infra.domains import Domain
from infra.event_rules import EventRule
from infra.stack import NotifyStack
from infra.stages import LOCAL, PROD, Stage
from tests.infra.templates import Template

ROOT = Path(__file__).parents[2]

LOCAL_WITH_TOKENS = "local-required"
AUTH = {"local": "off", "dev": "off", "prod": "required", LOCAL_WITH_TOKENS: "required"}
"""Whether connections need a token, by what is synthesised."""

WEBSOCKET_DOMAIN = Domain(
    name="notify.shop.example",
    certificate_arn="arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012",
    zone_id="Z0123456789ABCDEFGHIJ",
    zone_name="shop.example",
)
HTTP_DOMAIN = replace(WEBSOCKET_DOMAIN, name="notify-http.shop.example")
OF_ANOTHER_BUS = EventRule(
    name="ReportReady",
    pattern={
        "source": [{"prefix": "reports."}],
        "detail": {"state": ["ready"], "report": [{"exists": True}]},
    },
    publish={
        "id": "$.detail.key",
        "merchant_id": "shop",
        "ref": "$.detail.report",
        "project": "reports",
        "type": "report",
        "status": "done",
        "message": "$ready",
        "pages": 3,
        "links": [{"url": "$.detail.url", "text": "pdf"}],
    },
    bus="reports",
)


def synthesised_stage(stage: Stage, context: Mapping[str, str], out: Path) -> Template:
    """Synthesise one stage, checked as the app's are."""
    app = App(outdir=str(out), context=context, builtin_cloud_formation_validation=False)
    NotifyStack(app, stage, local_port=4566)
    add_checks(app)
    app.synth()
    return Template.read(out / f"OttuWsNotify-{stage.name}.template.json")


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


@pytest.fixture(scope="session")
def assembly_with_tokens(
    context: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("cdk.out")
    build(str(out), {**context, "stages": "local", "auth": "required"}).synth()
    return out


@pytest.fixture(scope="session", params=AUTH)
def variant(request: pytest.FixtureRequest) -> str:
    """What is synthesised: a stage, or the emulated one with tokens."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def stage(variant: str) -> str:
    return "local" if variant == LOCAL_WITH_TOKENS else variant


@pytest.fixture(scope="session")
def auth(variant: str) -> str:
    return AUTH[variant]


@pytest.fixture(scope="session")
def assembly_of_variant(variant: str, assembly: Path, assembly_with_tokens: Path) -> Path:
    return assembly_with_tokens if variant == LOCAL_WITH_TOKENS else assembly


@pytest.fixture(scope="session")
def templates(assembly: Path, assembly_with_tokens: Path) -> dict[str, Template]:
    found = {
        stage: Template.read(assembly / f"OttuWsNotify-{stage}.template.json")
        for stage in ("local", "dev", "prod")
    }
    emulated = Template.read(assembly_with_tokens / "OttuWsNotify-local.template.json")
    return {**found, LOCAL_WITH_TOKENS: emulated}


@pytest.fixture(scope="session")
def template(templates: Mapping[str, Template], variant: str) -> Template:
    return templates[variant]


@pytest.fixture(scope="session", params=[name for name, auth in AUTH.items() if auth == "required"])
def with_tokens(request: pytest.FixtureRequest, templates: Mapping[str, Template]) -> Template:
    return templates[request.param]


@pytest.fixture(scope="session", params=[name for name, auth in AUTH.items() if auth == "off"])
def without_tokens(request: pytest.FixtureRequest, templates: Mapping[str, Template]) -> Template:
    return templates[request.param]


@pytest.fixture(scope="session")
def everything_on(context: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Prod, with all that a stage may ask for."""
    stage = replace(
        PROD,
        tracing=True,
        warm_up_minutes=5,
        websocket_domain=WEBSOCKET_DOMAIN,
        http_domain=HTTP_DOMAIN,
        event_rules=(*LOCAL.event_rules, OF_ANOTHER_BUS),
        publish_queue=True,
    )
    return synthesised_stage(stage, context, tmp_path_factory.mktemp("cdk.out"))


@pytest.fixture(scope="session")
def local(templates: Mapping[str, Template]) -> Template:
    return templates["local"]


@pytest.fixture(scope="session")
def dev(templates: Mapping[str, Template]) -> Template:
    return templates["dev"]


@pytest.fixture(scope="session")
def prod(templates: Mapping[str, Template]) -> Template:
    return templates["prod"]
