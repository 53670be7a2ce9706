"""A publish that races a subscribe is never missed.

The local AWS runs the messages of one function one after another, so the publish is a direct
invocation, which it runs beside them.
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


def test_a_publish_that_races_a_subscribe_is_never_missed(
    stage: LocalStage, functions: "LambdaClient"
) -> None:
    name = stage.outputs["PublishFunctionName"]
    merchant = unique("shop")
    replayed = posted = 0
    with ThreadPoolExecutor(1) as beside, peer(stage.url) as browser:

        def publish(ref: str, pause: float) -> dict[str, object]:
            time.sleep(pause)  # the offset is what this test varies
            payload = json.dumps(publication(merchant, ref))
            answer = functions.invoke(FunctionName=name, Payload=payload)
            receipt = json.load(answer["Payload"])
            assert receipt["type"] == "receipt", receipt
            return dict(receipt)

        for number in range(ROUNDS):
            ref = str(number)
            offset = WIDEST * (2 * number / (ROUNDS - 1) - 1)
            receipt: Future[dict[str, object]] = beside.submit(publish, ref, max(0, offset))
            time.sleep(max(0, -offset))
            frames = browser.subscribe(merchant, ref)
            accepted = receipt.result()["accepted"]
            heard = [frame for frame in frames if frame["client"] == "backend"]
            replayed += bool(heard)
            posted += bool(accepted)
            if not heard:
                assert accepted == 1
                heard = [browser.receive()]
            assert heard[0]["ref"] == ref
            while len(heard) < accepted + frames[-1]["replayed"]:
                heard.append(browser.receive())
    # Both orders were really met.
    assert replayed > ROUNDS / 10
    assert posted > ROUNDS / 10
