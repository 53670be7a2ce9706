"""Opening a connection to the deployed stage."""

from typing import TYPE_CHECKING

import pytest
import websocket
from websockets.exceptions import InvalidHandshake

from tests.kit.deployed import changed_environment, function_names
from tests.kit.peer import peer
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

ALLOWED = "https://shop.example"
OTHER = "https://anywhere.example"


def test_a_stage_without_allowed_origins_accepts_any_origin(stage: LocalStage) -> None:
    with peer(stage.url, origin=OTHER) as page:
        assert page.drain() == []


def test_a_stage_with_allowed_origins_rejects_other_origins(
    stage: LocalStage, functions: "LambdaClient"
) -> None:
    (function,) = function_names(functions, "ConnectFunction")
    with changed_environment(functions, function, ALLOWED_ORIGINS=ALLOWED):
        with pytest.raises(InvalidHandshake), peer(stage.url, origin=OTHER):
            pass
        with peer(stage.url, origin=ALLOWED) as page, peer(stage.url) as without_origin:
            assert page.drain() == without_origin.drain() == []
        # websocket-client sends the API's own host as the origin.
        legacy = websocket.create_connection(stage.url)
        legacy.send('{"action": "ping"}')
        assert "pong" in legacy.recv()
        legacy.close()
