from pathlib import Path

import pytest

from tools import ToolError
from tools.page import publish, with_figures
from tools.table import Table

BLOCK = "<!-- figures: written by `{}` -->\n{}\n<!-- end of figures -->\n"


def test_new_figures_replace_those_of_their_command_and_nothing_else() -> None:
    def page(first: str, second: str) -> str:
        return (
            f"before\n{BLOCK.format('make a', first)}between\n{BLOCK.format('make b', second)}after"
        )

    assert with_figures(page("old", "old"), "make a", "new") == page("new", "old")
    assert with_figures(page("old", "old"), "make b", "new") == page("old", "new")


def test_the_origin_stands_above_the_tables_and_files_get_the_name_of_the_page(
    tmp_path: Path,
) -> None:
    page, chart = tmp_path / "page.md", tmp_path / "run.png"
    page.write_text(BLOCK.format("make a", "old"))
    chart.write_text("chart")
    table = Table("Title", ("what",), [("this",)])
    publish(page, "make a", "Measured here.", [table], chart)
    assert page.read_text() == BLOCK.format("make a", f"Measured here.\n\n{table.as_markdown()}")
    assert (tmp_path / "page.png").read_text() == "chart"


@pytest.mark.parametrize("text", ["no markers", BLOCK.format("make b", "of another command")])
def test_a_page_without_the_block_of_the_command_is_rejected(text: str) -> None:
    with pytest.raises(ToolError, match="`make a`"):
        with_figures(text, "make a", "figures")


def test_the_page_of_the_benchmark_has_the_block_that_make_bench_writes() -> None:
    page = (Path(__file__).parents[2] / "docs" / "benchmark.md").read_text()
    assert "figures" in with_figures(page, "make bench ARGS=--publish", "figures")
