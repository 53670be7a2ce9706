"""A publish that races a subscribe.

The local AWS runs the messages of a function one after another, so the publish is a direct
invocation, which it runs concurrently.
"""

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.kit.peer import peer, publication, unique
from tools.deploy import LocalStage

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

ROUNDS = 200
WIDEST = 0.04  # seconds; a subscribe takes about 10 ms here


def test_a_subscriber_whose_subscribe_races_a_publish_gets_the_notification(
    stage: LocalStage, functions: "LambdaClient"
) -> None:
    name = stage.outputs["PublishFunctionName"]
    merchant = unique("shop")
    replayed = posted = 0
    with ThreadPoolExecutor(1) as executor, peer(stage.url) as browser:

        def publish(ref: str, pause: float) -> dict[str, object]:
            time.sleep(pause)  # the offset is what this test varies
            payload = json.dumps(publication(merchant, ref))
            response = functions.invoke(FunctionName=name, Payload=payload)
            receipt = json.load(response["Payload"])
            assert receipt["type"] == "receipt", receipt
            return dict(receipt)

        for number in range(ROUNDS):
            ref = str(number)
            offset = WIDEST * (2 * number / (ROUNDS - 1) - 1)
            receipt: Future[dict[str, object]] = executor.submit(publish, ref, max(0, offset))
            time.sleep(max(0, -offset))
            frames = browser.subscribe(merchant, ref)
            accepted = receipt.result()["accepted"]
            received = [frame for frame in frames if frame["client"] == "backend"]
            replayed += bool(received)
            posted += bool(accepted)
            if not received:
                assert accepted == 1
                received = [browser.receive()]
            assert received[0]["ref"] == ref
            while len(received) < accepted + frames[-1]["replayed"]:
                received.append(browser.receive())
    # Both orders occurred.
    assert replayed > ROUNDS / 10
    assert posted > ROUNDS / 10
