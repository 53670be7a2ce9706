"""The sender over real connections. What one post is, of both clients: test_contract.py."""

import pytest

from lambdas.layer.aws.connections_api import MAX_POSTS, ConnectionsApi
from lambdas.layer.sender import Delivery, Sender
from tests.lambdas.aws.clients import service
from tests.lambdas.examples import subscribers
from tests.lambdas.loopback import LoopbackApi

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
