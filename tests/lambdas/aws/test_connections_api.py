"""The sender over real connections. What one post is, of both clients: test_contract.py."""

import pytest

from lambdas.layer.aws.clients import MAX_POSTS
from lambdas.layer.aws.connections_api import ConnectionsApi
from lambdas.layer.sender import Delivery, Sender
from tests.kit.frames import subscribers
from tests.kit.loopback import LoopbackApi
from tests.lambdas.aws.clients import service

DATA = '{"client":"backend","message":"é 💳"}'
CONNECTION = "V7mQkd0fDoECJwg="


@pytest.fixture
def real_sender(loopback: LoopbackApi) -> Sender:
    api = service(loopback.endpoint, "execute-api", max_connections=MAX_POSTS)
    return Sender(ConnectionsApi(api))


def test_a_frame_gets_through_resets_and_errors(real_sender: Sender, loopback: LoopbackApi) -> None:
    loopback.script("reset", 500, 429, 200)
    delivery = real_sender.broadcast(subscribers([CONNECTION]), DATA)
    assert delivery == Delivery(accepted=1, gone=(), failed=0)
    assert [request.body for request in loopback.requests] == [DATA.encode()] * 4


def test_a_fan_out_posts_to_each_and_keeps_its_connections(
    real_sender: Sender, loopback: LoopbackApi
) -> None:
    everyone = subscribers([f"c{n}" for n in range(100)])
    for _ in range(2):
        delivery = real_sender.broadcast(everyone, DATA)
        assert delivery == Delivery(accepted=100, gone=(), failed=0)
    assert {request.target for request in loopback.requests} == {
        f"/prod/@connections/c{n}" for n in range(100)
    }
    assert loopback.connections <= MAX_POSTS
