"""The documents' snippets that watch, as modules for a compiler."""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

from tests.packages.toolbox import ROOT

DOCUMENTS = (ROOT / "README.md", ROOT / "clients/js/README.md", *sorted(ROOT.glob("docs/*.md")))
_FENCE = re.compile(r"```(javascript|js|typescript|ts|html)\n(.*?)```", re.DOTALL)
_SCRIPT = re.compile(r"<script[^>]*>\n(.*?)</script>", re.DOTALL)
_IMPORT = re.compile(r"from '[^']*?(/polling)?(?:\.js)?'")
_NAMED = re.compile(r"^const (\w+) = watchRef\(", re.MULTILINE)

PAGE = """
// What the snippets leave to their page: an element with its data, and what shows something.
type Outcome = HTMLElement & { dataset: Record<'url' | 'httpUrl' | 'ref' | 'state', string> };
interface Document {
  querySelector(selectors: '#outcome'): Outcome;
  getElementById(id: 'outcome'): Outcome;
}
declare const url: string;
declare const attempt: { startedAt: string };
declare function show(...what: unknown[]): void;
declare function fetchToken(): Promise<string>;
"""


def _texts(document: Path) -> Iterator[str]:
    for language, text in _FENCE.findall(document.read_text()):
        yield from _SCRIPT.findall(text) if language == "html" else (dedent(text),)


def modules() -> dict[str, str]:
    """Return each by a name for its file; the watches that it names are exported, thus used."""
    found: dict[str, str] = {}
    for document in DOCUMENTS:
        name = str(document.relative_to(ROOT).with_suffix("")).replace("/", "-")
        for number, text in enumerate(text for text in _texts(document) if "watchRef(" in text):
            imported = "" if "import " in text else "import { watchRef } from 'ws-notify';\n"
            module = _IMPORT.sub(r"from 'ws-notify\1'", imported + text)
            names = ", ".join(_NAMED.findall(module))
            found[f"{name}-{number}"] = f"{module}\nexport {{ {names} }};\n"
    return found
