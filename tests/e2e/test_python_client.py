"""The Python client against the deployed stage."""

from tests.e2e.peer import unique
from tools.deploy import LocalStage
from ws_notify import Client


def test_it(stage: LocalStage) -> None:
    merchant = unique("shop")
    with Client(stage.url) as client:
        subscription = client.subscribe(merchant, "12303", timeout=10)
        assert subscription.ready()
        receipt = client.publish(
            merchant_id=merchant, ref="12303", project="p", type="payment", message="paid", more=1
        )
        assert receipt.accepted == 1
        notification = next(subscription)
        assert notification.data["more"] == 1
