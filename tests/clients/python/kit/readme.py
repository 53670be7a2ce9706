"""The snippets of the client's README, by the names that stand above them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[4]
TEXT = (ROOT / "clients/python/README.md").read_text()
SNIPPETS: dict[str, str] = dict(
    re.findall(r"<!-- tests: ([^>]+) -->\n```\w*\n(.*?)```", TEXT, re.DOTALL)
)
