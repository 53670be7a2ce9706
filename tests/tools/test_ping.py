import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection, serve

from tools import ToolError
from tools.ministack import MiniStack, free_port, ministack
from tools.ping import require_pong


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    with ministack(tmp_path_factory.mktemp("aws"), free_port()) as server:
        yield server


@contextmanager
def _answering(answer: str) -> Iterator[str]:
    def handle(connection: ServerConnection) -> None:
        assert connection.recv() == '{"action": "ping"}'
        connection.send(answer)

    with serve(handle, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
    thread.join()


def test_a_pong_is_enough(aws: MiniStack) -> None:
    with _answering('{"client": "server", "type": "pong"}') as url:
        require_pong(url, aws)


@pytest.mark.parametrize("answer", ['{"type": "error"}', "pong", "[]", '"pong"'])
def test_another_answer_is_told(aws: MiniStack, answer: str) -> None:
    with _answering(answer) as url, pytest.raises(ToolError, match=r"(?s)answered.*ministack\.log"):
        require_pong(url, aws)


def test_silence_is_told(aws: MiniStack, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="does not answer"):
        require_pong(f"ws://127.0.0.1:{free_port()}/{tmp_path.name}", aws)


def test_what_went_wrong_is_told_without_the_token(aws: MiniStack) -> None:
    with _answering("no") as url, pytest.raises(ToolError) as wrong:
        require_pong(f"{url}?token=canary", aws)
    with pytest.raises(ToolError) as silent:
        require_pong(f"ws://127.0.0.1:{free_port()}/?token=canary", aws)
    assert "canary" not in f"{wrong.value}{silent.value}"
