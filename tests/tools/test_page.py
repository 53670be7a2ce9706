import re
from pathlib import Path

import pytest

from tools import ToolError
from tools.page import with_figures

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {
    "benchmark.md": "make bench ARGS=--publish",
    "reliability.md": "make verify ARGS=--publish",
}


@pytest.mark.parametrize(("name", "command"), PAGES.items())
def test_new_figures_replace_the_old_ones_and_nothing_else(name: str, command: str) -> None:
    page = (DOCS / name).read_text()
    once = with_figures(page, command, "first")
    assert "first" in once
    assert with_figures(once, command, "second") == with_figures(page, command, "second")
    assert re.sub("first", "", once).splitlines()[:3] == page.splitlines()[:3]


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ToolError, match="needs the lines"):
        with_figures("no markers here", "make bench", "figures")
