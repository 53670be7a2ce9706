"""The file of `make package`, the tools, and a project that installed the one with the others."""

from pathlib import Path

import pytest

from tests.packages.toolbox import FRONTEND, Toolbox
from tools.package import pack


@pytest.fixture(scope="session")
def toolbox(tmp_path_factory: pytest.TempPathFactory) -> Toolbox:
    """Return the tools, with the file where the documents take it from."""
    folder = tmp_path_factory.mktemp("packages")
    pack(folder / "OttuWsNotify/.build/ws-notify.tgz")
    return Toolbox.installed(folder)


@pytest.fixture(scope="session")
def shop(toolbox: Toolbox) -> Path:
    """Return a project that installed the package as the document says, with npm."""
    project = toolbox.project("shop")
    toolbox.follow(FRONTEND["bundler"], project)
    return project
