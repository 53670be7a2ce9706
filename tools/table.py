"""Figures as tables: aligned for a terminal, and in Markdown for the docs. No I/O."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table of texts."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def as_text(self) -> str:
        """Align the columns with blanks; the last one runs free."""
        lines = (self.columns, *self.rows)
        widths = [max(len(line[at]) for line in lines) for at in range(len(self.columns) - 1)]
        aligned = (
            "  ".join([*(cell.ljust(w) for cell, w in zip(line, widths, strict=False)), line[-1]])
            for line in lines
        )
        return "\n".join((self.title, *(f"  {line}" for line in aligned)))

    def as_markdown(self) -> str:
        """Write it for the docs."""
        rule = ("---",) * len(self.columns)
        lines = (f"| {' | '.join(line)} |" for line in (self.columns, rule, *self.rows))
        return "\n".join((f"**{self.title}**", "", *lines))
