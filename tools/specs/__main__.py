"""`make specs`: write docs/openapi.json and docs/asyncapi.json from the rules of the code."""

import json
from pathlib import Path
from typing import Final

from tools.specs import asyncapi, openapi
from tools.terminal import exit_status, say

COMMAND: Final = "make specs"
_DOCS: Final = Path(__file__).parents[2] / "docs"


def main() -> int:
    """Write both documents."""
    for file, text in documents().items():
        file.write_text(text, "utf-8")
        say(f"wrote docs/{file.name}")
    return 0


def documents() -> dict[Path, str]:
    """Return the text of each document, by its file."""
    made = {"openapi.json": openapi.document(), "asyncapi.json": asyncapi.document()}
    return {
        _DOCS / name: json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        for name, content in made.items()
    }


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
