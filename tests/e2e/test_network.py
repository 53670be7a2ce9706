"""At which addresses of this machine a stage is reached, with and without `HOST=0.0.0.0`."""

from collections.abc import Iterator

import pytest
from websockets.sync.client import connect

from tests.kit.peer import peer, publication, unique
from tools.deploy import LocalStage, local_stage
from tools.network import EVERYWHERE, addresses, at


@pytest.fixture(scope="module")
def open_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStage]:
    with local_stage(tmp_path_factory.mktemp("open"), host=EVERYWHERE) as running:
        yield running


def test_at_every_address_of_this_machine_a_page_subscribes_and_hears(
    open_stage: LocalStage,
) -> None:
    merchant = unique("shop")
    assert addresses() != []
    for address in addresses():
        with peer(at(address, open_stage.url)) as phone, peer(open_stage.url) as backend:
            phone.subscribe(merchant, address)
            assert backend.ask(publication(merchant, address))["accepted"] == 1
            assert phone.receive()["ref"] == address


def test_by_default_a_stage_is_reached_at_loopback_alone(stage: LocalStage) -> None:
    assert addresses() != []
    for address in addresses():
        with pytest.raises(ConnectionRefusedError), connect(at(address, stage.url), proxy=None):
            pass
