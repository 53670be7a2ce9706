import re
from pathlib import Path

import pytest

from benchmarks.document import with_figures
from tools import ToolError

PAGE = Path(__file__).parents[2] / "docs" / "benchmark.md"


def test_new_figures_replace_the_old_ones_and_nothing_else() -> None:
    page = PAGE.read_text()
    once = with_figures(page, "first")
    assert "first" in once
    assert with_figures(once, "second") == with_figures(page, "second")
    assert re.sub("first", "", once).splitlines()[:3] == page.splitlines()[:3]


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ToolError, match="needs the lines"):
        with_figures("no markers here", "figures")
