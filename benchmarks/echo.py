"""Deploying the floor: the echo function behind a WebSocket API of its own."""

import io
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

from tests.kit.deployed import session
from tools.deploy import LocalStage
from tools.ministack import ACCOUNT, REGION

_SOURCE = Path(__file__).with_name("echo_function.py")
_STAGE = "floor"


def deploy_echo(stage: LocalStage) -> str:
    """Deploy the echo beside the stage, on the same local AWS; return its WebSocket address."""
    gateway = session().client("apigatewayv2", endpoint_url=stage.endpoint)
    api_id = gateway.create_api(
        Name="floor",
        ProtocolType="WEBSOCKET",
        RouteSelectionExpression="$request.body.action",
    )["ApiId"]
    path = f"{urlsplit(stage.endpoint).port}/_aws/execute-api/{api_id}/{_STAGE}"
    function = _create_function(stage, f"http://127.0.0.1:{path}")
    posting = gateway.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=(
            f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"
        ),
    )["IntegrationId"]
    # The local AWS, unlike AWS, sends these events to `$default` where they have no route.
    nothing = gateway.create_integration(ApiId=api_id, IntegrationType="MOCK")["IntegrationId"]
    for route, target in (("$default", posting), ("$connect", nothing), ("$disconnect", nothing)):
        gateway.create_route(ApiId=api_id, RouteKey=route, Target=f"integrations/{target}")
    gateway.create_stage(ApiId=api_id, StageName=_STAGE, AutoDeploy=True)
    return f"ws://localhost:{path}"


def _create_function(stage: LocalStage, callback_url: str) -> str:
    functions = session().client("lambda", endpoint_url=stage.endpoint)
    return functions.create_function(
        FunctionName="floor",
        Runtime="python3.13",
        Role=f"arn:aws:iam::{ACCOUNT}:role/floor",
        Handler=f"{_SOURCE.stem}.handler",
        Code={"ZipFile": zipped(_SOURCE)},
        Environment={"Variables": {"CONNECTIONS_ENDPOINT_URL": callback_url}},
    )["FunctionArn"]


def zipped(source: Path) -> bytes:
    """Return a function's code: one module."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.write(source, source.name)
    return content.getvalue()
