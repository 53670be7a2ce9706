"""Opening a connection to the deployed stage."""

from typing import TYPE_CHECKING

import pytest
import websocket
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.kit.peer import Peer, peer
from tests.kit.settings import setting
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

OURS = Origin("https://shop.example")
ANOTHER = Origin("https://anywhere.example")


def test_a_stage_that_lists_no_origin_lets_any_page_in(stage: LocalStage) -> None:
    with connect(stage.url, origin=ANOTHER) as socket:
        assert Peer(socket).nothing_waits()


def test_a_stage_that_lists_origins_keeps_other_pages_out(
    stage: LocalStage, functions: "LambdaClient"
) -> None:
    names = [function["FunctionName"] for function in functions.list_functions()["Functions"]]
    (function,) = (name for name in names if "ConnectFunction" in name.replace("Disconnect", ""))
    with setting(functions, function, ALLOWED_ORIGINS=OURS):
        with pytest.raises(InvalidHandshake), connect(stage.url, origin=ANOTHER):
            pass
        with connect(stage.url, origin=OURS) as socket:
            assert Peer(socket).nothing_waits()
        with peer(stage.url) as no_page:
            assert no_page.nothing_waits()
        # websocket-client names the API's own host.
        legacy = websocket.create_connection(stage.url)
        legacy.send('{"action": "ping"}')
        assert "pong" in legacy.recv()
        legacy.close()
