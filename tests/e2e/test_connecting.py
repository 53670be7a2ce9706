"""Opening a connection to the deployed stage."""

import pytest
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import connect

from tests.e2e.peer import Peer
from tools.deploy import LocalStage


def test_a_stage_that_lists_no_origin_lets_any_page_in(stage: LocalStage) -> None:
    with connect(stage.url, origin="https://anywhere.example") as socket:  # type: ignore[arg-type] # the library's own NewType of str
        assert Peer(socket).nothing_waits()
