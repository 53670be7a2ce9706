"""The deployed stage that the end-to-end tests share, and AWS clients for it."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.terminal import Terminal
from tests.kit import deployed
from tests.kit.browser import running
from tools.console import console
from tools.deploy import LocalStage, local_stage

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStage]:
    with local_stage(tmp_path_factory.mktemp("stage")) as running:
        yield running


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStage]:
    """Return a stage that requires tokens."""
    with local_stage(tmp_path_factory.mktemp("guarded"), auth="required") as running:
        yield running


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    return deployed.session()


@pytest.fixture(scope="session")
def guarded_dynamodb(session: boto3.Session, guarded: LocalStage) -> "DynamoDBClient":
    return session.client("dynamodb", endpoint_url=guarded.endpoint)


@pytest.fixture(scope="session")
def dynamodb(session: boto3.Session, stage: LocalStage) -> "DynamoDBClient":
    return session.client("dynamodb", endpoint_url=stage.endpoint)


@pytest.fixture(scope="session")
def functions(session: boto3.Session, stage: LocalStage) -> "LambdaClient":
    return session.client("lambda", endpoint_url=stage.endpoint)


@pytest.fixture(scope="session")
def apis(session: boto3.Session, stage: LocalStage) -> "ApiGatewayV2Client":
    return session.client("apigatewayv2", endpoint_url=stage.endpoint)


@pytest.fixture(scope="session")
def connections(session: boto3.Session, stage: LocalStage) -> "ApiGatewayManagementApiClient":
    endpoint = stage.outputs["ConnectionsEndpointURL"]
    return session.client("apigatewaymanagementapi", endpoint_url=endpoint)


@pytest.fixture(scope="session")
def logs(session: boto3.Session, stage: LocalStage) -> "CloudWatchLogsClient":
    return session.client("logs", endpoint_url=stage.endpoint)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return one for a module: while Playwright runs, its thread cannot run an event loop."""
    with running() as browser:
        yield browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Return the address of the console."""
    with console() as page:
        yield page


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a tab; an uncaught exception in it fails the test."""
    with browser.new_context() as context:
        page = context.new_page()
        uncaught: list[str] = []
        page.on("pageerror", lambda error: uncaught.append(str(error)))
        yield page
        assert uncaught == []


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@pytest.fixture
def local(stage: LocalStage, tmp_path: Path) -> Terminal:
    """Return a terminal beside a stage without tokens."""
    return Terminal(tmp_path, stage)


@pytest.fixture
def locked(guarded: LocalStage, tmp_path: Path) -> Terminal:
    """Return one where the stage requires tokens."""
    return Terminal(tmp_path, guarded)
