"""Deploying the floor of a poll: a function that answers at once, behind an HTTP API of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from benchmarks.echo import zipped
from tests.kit.deployed import session
from tools.deploy import LocalStage
from tools.ministack import ACCOUNT

_SOURCE: Final = Path(__file__).with_name("poll_function.py")
_NAME: Final = "poll-floor"
_STAGE: Final = "floor"


@contextmanager
def poll_floor(stage: LocalStage) -> Iterator[str]:
    """Deploy it beside the stage, yield the base of its HTTP API, and delete it."""
    aws = session()
    functions = aws.client("lambda", endpoint_url=stage.endpoint)
    gateway = aws.client("apigatewayv2", endpoint_url=stage.endpoint)
    function = functions.create_function(
        FunctionName=_NAME,
        Runtime="python3.13",
        Role=f"arn:aws:iam::{ACCOUNT}:role/floor",
        Handler=f"{_SOURCE.stem}.handler",
        Code={"ZipFile": zipped(_SOURCE)},
    )["FunctionArn"]
    api_id = gateway.create_api(Name=_NAME, ProtocolType="HTTP")["ApiId"]
    answering = gateway.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function,
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    gateway.create_route(
        ApiId=api_id, RouteKey="POST /notifications", Target=f"integrations/{answering}"
    )
    gateway.create_stage(ApiId=api_id, StageName=_STAGE, AutoDeploy=True)
    try:
        port = urlsplit(stage.endpoint).port
        yield f"http://localhost:{port}/_aws/execute-api/{api_id}/{_STAGE}"
    finally:
        gateway.delete_api(ApiId=api_id)
        functions.delete_function(FunctionName=_NAME)
