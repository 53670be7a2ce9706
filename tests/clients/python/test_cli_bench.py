"""What `bench` prints, and as whom it connects."""

import json
import re
from typing import Any

import pytest

from tests.clients.python.kit.server import scripted
from tests.clients.python.kit.service import Service
from ws_notify import mint_token
from ws_notify.cli import load
from ws_notify.cli.main import main

KEY = "k" * 32
Capture = pytest.CaptureFixture[str]


def bench(url: str, *more: str) -> int:
    return main(["bench", "--url", url, "--count", "5", "--rate", "1000", *more])


def test_bench_measures_receipts_and_deliveries(capsys: Capture) -> None:
    service = Service()
    with scripted(service) as server:
        assert bench(server.url, "--subscribers", "2") == 0
    assert len(service.published) == 6  # one ahead
    output = capsys.readouterr().out
    assert re.search(r"^receipt( +\S+ ms){4}$", output, re.MULTILINE)
    assert re.search(r"^delivery( +\S+ ms){4}$", output, re.MULTILINE)
    assert "\n10 of 10 deliveries, 5 of 5 receipts, " in output


def test_bench_prints_its_figures_as_json(capsys: Capture) -> None:
    with scripted(Service()) as server:
        assert bench(server.url, "--json", "--ref", "mine") == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["deliveries"], figures["missing"], figures["count"]) == (5, 0, 5)
    assert list(figures["receipt_ms"]) == ["p50", "p90", "p99", "max"]
    assert 0 < figures["delivery_ms"]["p50"] <= figures["delivery_ms"]["max"] < 10_000


def test_bench_with_a_missing_delivery_exits_with_1(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forgetful(Service):
        def deliver(self, ref: str, **fields: Any) -> None:
            if not fields["id"].endswith("-3"):
                super().deliver(ref, **fields)

    monkeypatch.setattr(load, "_DELIVERY_TIMEOUT", 0.1)
    with scripted(Forgetful()) as server:
        assert bench(server.url) == 1
    assert "\n4 of 5 deliveries, " in capsys.readouterr().out


def test_bench_of_a_forbidden_ref_exits_with_the_error(capsys: Capture) -> None:
    with scripted(Service("1")) as server:
        assert bench(server.url, "--ref", "1") == 1
    assert "error: forbidden" in capsys.readouterr().err


def token(client: Any, **more: Any) -> str:
    return mint_token(KEY, "first", client=client, merchant_id="acme", **more)


def test_bench_with_two_tokens_connects_with_each(capsys: Capture) -> None:
    listening, publishing = token("frontend", ref="9"), token("backend")
    both = ["--token", listening, "--backend-token", publishing]
    service = Service()
    with scripted(service) as server:
        with pytest.raises(SystemExit):
            bench(server.url, *both)
        assert "Others may listen to the token's ref: --ref 9" in capsys.readouterr().err
        assert bench(server.url, *both, "--ref", "9") == 0
        assert server.tokens == [f"Bearer {listening}", f"Bearer {publishing}"]
    assert {(each["merchant_id"], each["ref"]) for each in service.published} == {("acme", "9")}


@pytest.mark.parametrize("lone", [token("frontend", ref="9"), token("backend")])
def test_bench_with_one_token_is_wrong_usage(capsys: Capture, lone: str) -> None:
    with pytest.raises(SystemExit):
        bench("ws://127.0.0.1:1/dev", "--token", lone)
    assert "It listens and publishes" in capsys.readouterr().err
