"""The outbox of the README in a real project of Django, whose processes die at the wrong moment."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.python.kit.readme import SNIPPETS
from tests.clients.python.kit.server import TIMEOUT, scripted
from tests.clients.python.kit.service import Service

SETTINGS = """
import os
from pathlib import Path

DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).with_name("db")}
}
INSTALLED_APPS = ["outbox"]
USE_TZ = True
WS_NOTIFY = {"url": os.environ["WS_NOTIFY_URL"]}
"""
DIED = 9
PAY = """
import os
import django
django.setup()
from django.db import transaction
from pay import pay
with transaction.atomic():
    {first}
    pay("12303")
    {last}
"""
DIES_AFTER_THE_COMMIT = f"transaction.on_commit(lambda: os._exit({DIED}))"
DIES_BEFORE_IT_DELETES = f"""
import os
import django
django.setup()
from django.core.management import call_command
from outbox.models import Outgoing
Outgoing.delete = lambda row: os._exit({DIED})
call_command("publish_outbox")
"""
IMPATIENT = """
import django
django.setup()
from django.core.management import call_command
from outbox.models import Outgoing
Outgoing.publish.__defaults__ = (0.2,)
call_command("publish_outbox")
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with the files of the README, and the address of the stage."""

    folder: Path
    url: str

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "WS_NOTIFY_URL": self.url},
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        _, complaints = process.communicate(timeout=TIMEOUT)
        return process.returncode, complaints

    def pay(self, first: str = "", last: str = "") -> int:
        status, _ = self.run("-c", PAY.format(first=first, last=last))
        return status

    def publish(self) -> tuple[int, str]:
        return self.run("-m", "django", "publish_outbox")

    def saved(self) -> list[str]:
        """Return the ids in the outbox."""
        with closing(sqlite3.connect(self.folder / "db")) as database:
            rows = database.execute("SELECT id FROM outbox_outgoing ORDER BY saved_at")
            return [id_ for (id_,) in rows]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "settings.py").write_text(SETTINGS)
    for name in ("outbox/models.py", "outbox/management/commands/publish_outbox.py", "pay.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(SNIPPETS[name])
    project = Project(folder, "ws://127.0.0.1:1/dev")
    assert project.run("-m", "django", "makemigrations", "outbox")[0] == 0
    assert project.run("-m", "django", "migrate")[0] == 0
    return folder


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def project(folder: Path, service: Service) -> Iterator[Project]:
    with scripted(service) as server:
        yield Project(folder, server.url)
    assert Project(folder, "").saved() == []


def ids(service: Service) -> list[str]:
    """Return those that were published, as the database writes them."""
    return [frame["id"].replace("-", "") for frame in service.published]


def test_a_saved_notification_is_published_at_the_commit_and_deleted(
    project: Project, service: Service
) -> None:
    assert project.pay() == 0
    (frame,) = service.published
    assert (frame["merchant_id"], frame["ref"], frame["message"]) == ("shop", "12303", "paid")


def test_a_rolled_back_notification_is_neither_saved_nor_published(
    project: Project, service: Service
) -> None:
    assert project.pay(last="transaction.set_rollback(True)") == 0
    assert (project.saved(), service.published) == ([], [])


def test_a_process_that_dies_after_its_commit_leaves_a_row_that_the_command_publishes(
    project: Project, service: Service
) -> None:
    assert project.pay(DIES_AFTER_THE_COMMIT) == DIED
    saved = project.saved()
    assert (len(saved), service.published) == (1, [])
    assert project.publish() == (0, "")
    assert ids(service) == saved
    assert project.publish() == (0, "")
    assert ids(service) == saved


def test_a_command_that_dies_before_it_deletes_is_followed_by_a_publish_with_the_same_id(
    project: Project, service: Service
) -> None:
    assert project.pay(DIES_AFTER_THE_COMMIT) == DIED
    saved = project.saved()
    assert project.run("-c", DIES_BEFORE_IT_DELETES)[0] == DIED
    assert project.saved() == saved
    assert project.publish() == (0, "")
    assert ids(service) == saved * 2


def test_concurrent_commands_publish_each_row_with_one_id(
    project: Project, service: Service
) -> None:
    for _ in range(3):
        assert project.pay(DIES_AFTER_THE_COMMIT) == DIED
    saved = project.saved()
    commands = [project.start("-m", "django", "publish_outbox") for _ in range(2)]
    for command in commands:
        _, complaints = command.communicate(timeout=TIMEOUT)
        assert (command.returncode, complaints) == (0, "")
    assert set(ids(service)) == set(saved)


def test_a_rejected_row_stays_and_does_not_block_others(folder: Path) -> None:
    with scripted(Service("12303")) as server:
        project = Project(folder, server.url)
        assert project.pay(DIES_AFTER_THE_COMMIT) == DIED
        status, complaints = project.publish()
        assert status == 0
        (saved,) = project.saved()
        assert saved in complaints.replace("-", "")
        assert "stays in the outbox: forbidden" in complaints
    with scripted(Service()) as server:
        assert Project(folder, server.url).publish() == (0, "")
    assert project.saved() == []


def test_a_command_that_reaches_no_service_fails_and_keeps_every_row(folder: Path) -> None:
    with scripted(503) as server:
        project = Project(folder, server.url)
        for _ in range(2):
            assert project.pay(DIES_AFTER_THE_COMMIT) == DIED
        status, complaints = project.run("-c", IMPATIENT)
        assert status == 1
        assert complaints.count("stays in the outbox: No receipt within 0.2 s") == 1
        assert "Not reached: the rest waits for the next run" in complaints
        assert len(project.saved()) == 2
    with scripted(Service()) as server:
        assert Project(folder, server.url).publish() == (0, "")
