"""Writing figures into a page of the docs, between its markers, with what belongs to them."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from tools import ToolError
from tools.table import Table

_END = "<!-- end of figures -->"


def publish(page: Path, command: str, origin: str, tables: Sequence[Table], *beside: Path) -> None:
    """Write the tables into the page, and copy each file `beside` it under the page's own name.

    `command` names the block that they replace: its marker says what writes it, e.g.
    `make bench ARGS=--publish`. `origin` is the line above the tables: which commit was measured.
    Raises ToolError where the page has no such block.
    """
    figures = "\n\n".join((origin, *(table.as_markdown() for table in tables)))
    page.write_text(with_figures(page.read_text(), command, figures))
    for file in beside:
        shutil.copyfile(file, page.with_suffix(file.suffix))


def with_figures(text: str, command: str, figures: str) -> str:
    """Return the page's text with these figures in the block of that command."""
    marker = f"<!-- figures: written by `{command}` -->"
    before, begin, rest = text.partition(marker)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ToolError(f"the page needs the lines {marker} and {_END}")
    return f"{before}{marker}\n{figures}\n{_END}{after}"
