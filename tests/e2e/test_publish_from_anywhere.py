"""The programs of docs/publish-from-anywhere.md as they stand, each on its own runtime."""

import json
import os
import re
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from tests.clients.python.kit.frames import error
from tests.clients.python.kit.http import DENIED, bodies, stage, tokens
from tests.kit.loopback import HttpRequest, HttpResponse, ScriptedResponse
from tests.kit.peer import peer
from tools.deploy import LocalStage
from tools.languages import to_run

TEXT: Final = (Path(__file__).parents[2] / "docs/publish-from-anywhere.md").read_text()
SNIPPETS: Final = dict(re.findall(r"<!-- tests: (\S+) -->\n```\w+\n(.*?)```", TEXT, re.DOTALL))
COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "curl": ("sh", "publish.sh"),
    "node": ("node", "publish.mjs"),
    "php": ("php", "publish.php"),
    "ruby": ("ruby", "publish.rb"),
    "go": ("go", "run", "publish.go"),
    "java": ("java", "Publish.java"),
}
RUN: Final = ["node", *(name for name in to_run() if name in COMMANDS)]
BY_SECONDS: Final = 120.0
"""Enough for Go to compile its standard library."""

PUBLISHED: Final = {
    "merchant_id": "shop",
    "ref": "12303",
    "project": "checkout",
    "type": "payment",
    "status": "done",
    "message": "paid",
    "id": "order-12303-paid",
}
BUSY: Final = error("internal_error", retryable=True).encode()
REFUSED: Final = HttpResponse(400, error("invalid_message", field="status").encode())
THROTTLED: Final = HttpResponse(429, {"message": "Too Many Requests"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the programs."""
    folder = tmp_path_factory.mktemp("anywhere")
    for name, text in SNIPPETS.items():
        (folder / name).write_text(text)
    return folder


def _run(
    language: str, folder: Path, url: str, token: str | None = None
) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME")}
    given = {"WS_NOTIFY_HTTP_URL": url} | ({"WS_NOTIFY_TOKEN": token} if token else {})
    return subprocess.run(
        COMMANDS[language],
        cwd=folder,
        env={**kept, **given},
        check=False,
        capture_output=True,
        text=True,
        timeout=BY_SECONDS,
    )


@pytest.mark.parametrize("language", RUN)
def test_a_page_hears_what_each_program_publishes_and_running_it_again_stores_nothing(
    language: str, folder: Path, guarded: LocalStage
) -> None:
    token = guarded.token("backend", "shop")
    with peer(f"{guarded.url}?token={guarded.token('frontend', 'shop', '12303')}") as page:
        page.subscribe("shop", "12303")
        receipts = []
        for _ in range(2):  # the first may repeat the notification of another program
            done = _run(language, folder, guarded.http_url, token)
            assert done.returncode == 0, done.stderr
            receipts.append(json.loads(done.stdout))
            heard = page.receive()
            assert heard == {**PUBLISHED, "client": "backend", "sent_at": heard["sent_at"]}
            page.drain()
    assert receipts[1]["duplicate"]
    assert receipts[1]["sent_at"] == receipts[0]["sent_at"]


@pytest.mark.parametrize("language", RUN)
def test_the_same_notification_is_sent_again_after_a_lost_connection_and_a_throttle(
    language: str, folder: Path
) -> None:
    with stage("reset", THROTTLED) as api:
        done = _run(language, folder, api.endpoint, "a-token")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["id"] == PUBLISHED["id"]
        assert bodies(api) == [PUBLISHED] * 3
        assert tokens(api) == ["Bearer a-token"] * 3
        assert {each.target for each in api.requests} == {"/prod/publish"}


def _slow_and_busy(language: str, folder: Path) -> tuple[int, list[str | None], bool]:
    """Return the exit status, the tokens sent, and whether `Retry-After` was kept."""
    times: list[float] = []

    def busy(_: HttpRequest) -> HttpResponse:
        times.append(time.monotonic())
        return HttpResponse(503, BUSY, {"Retry-After": "1"})

    def accept(request: HttpRequest) -> HttpResponse:
        times.append(time.monotonic())
        body = json.loads(request.body)
        receipt = {"client": "server", "type": "receipt", "id": body["id"]}
        return HttpResponse(200, receipt)

    script: tuple[ScriptedResponse, ...] = ("hang", busy, accept)
    with stage(*script) as api:
        done = _run(language, folder, api.endpoint)
        return done.returncode, tokens(api), times[1] - times[0] >= 1


def test_an_attempt_without_an_answer_is_given_up_and_retry_after_is_kept(folder: Path) -> None:
    with ThreadPoolExecutor() as threads:  # they wait rather than compute
        outcomes = threads.map(lambda language: _slow_and_busy(language, folder), RUN)
    assert dict(zip(RUN, outcomes, strict=True)) == dict.fromkeys(RUN, (0, [None] * 3, True))


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (REFUSED, ("HTTP 400", "Do something else", '"field": "status"', '"request_id": "r-1"')),
        (DENIED, ("HTTP 403", "Forbidden")),
    ],
    ids=["refused", "denied"],
)
@pytest.mark.parametrize("language", RUN)
def test_what_is_refused_is_sent_once_and_shown(
    language: str, answer: HttpResponse, shown: tuple[str, ...], folder: Path
) -> None:
    with stage(answer) as api:
        done = _run(language, folder, api.endpoint)
        assert len(api.requests) == 1
    assert done.returncode != 0
    assert [each for each in shown if each not in done.stdout + done.stderr] == []


@pytest.mark.parametrize("language", RUN)
def test_a_program_ends_at_once_where_no_further_attempt_fits(language: str, folder: Path) -> None:
    with stage(HttpResponse(503, BUSY, {"Retry-After": "3600"})) as api:
        done = _run(language, folder, api.endpoint)
        assert len(api.requests) == 1
    assert done.returncode != 0
    assert '"request_id": "r-1"' in done.stdout + done.stderr


def test_every_program_is_run_or_marked_as_not_run() -> None:
    _, *sections = re.split(r"^## ", TEXT.split("## What all of them do")[1], flags=re.MULTILINE)
    unmarked = [each for each in sections if "<!-- tests: " not in each]
    assert {command[-1] for command in COMMANDS.values()} == SNIPPETS.keys()
    assert len(sections) == len(SNIPPETS) + 1
    assert [each.split("\n")[0] for each in unmarked] == [".NET"]
    assert "**not run**" in unmarked[0]
