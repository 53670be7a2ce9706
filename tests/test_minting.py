"""The snippets of docs/security.md that mint: each as it stands, and the authorizer accepts it."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambdas.layer.auth.principal import Identity
from lambdas.layer.auth.tokens import verify
from tools.languages import LANGUAGES, to_run

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/security.md").read_text()
SNIPPETS = dict(re.findall(r"<!-- tests: mint\.(\w+) -->\n```\w+\n(.*?)```", TEXT, re.DOTALL))
PROGRAMS: dict[str, Callable[[str], list[str]]] = {
    "py": lambda mint: [
        sys.executable,
        "-c",
        f"{mint}\nimport json, sys\nprint(mint(*json.loads(sys.argv[1])))",
    ],
    "mjs": lambda mint: [
        "node",
        "--input-type=module",
        "-e",
        f"{mint}\nconsole.log(mint(...JSON.parse(process.argv[1])));",
    ],
    "rb": lambda mint: [
        "ruby",
        "-e",
        f"{mint}\nrequire 'json'\nputs mint(*JSON.parse(ARGV[0]))",
    ],
    "php": lambda mint: [
        "php",
        "-r",
        f"{mint.removeprefix('<?php')}\necho mint(...json_decode($argv[1], true)), PHP_EOL;",
    ],
}
NAMES = {"ruby": "rb", "php": "php"}
RUN = ["py", "mjs", *(NAMES[name] for name in to_run() if name in NAMES)]
GENERATED = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01"
"""As infra/secrets.py has it generated: of 64 characters, and it could be base64."""


def _identity(token: str, key: str) -> Identity:
    return verify(token, {"first": key}.get, time.time())


@pytest.mark.parametrize("key", [GENERATED, "0123456789abcdef" * 4, "clé secrète " * 4])
@pytest.mark.parametrize(
    ("ref", "refs"),
    [
        ("Ré/💳 12303", {"Ré/💳 12303"}),
        (12303, {"12303"}),
        (["12303", 12304], {"12303", "12304"}),
    ],
    ids=["text", "integer", "list"],
)
@pytest.mark.parametrize("language", RUN)
def test_a_token_minted_as_the_document_says_is_accepted(
    language: str, ref: Any, refs: set[str], key: str
) -> None:
    before = time.time()
    command = PROGRAMS[language](SNIPPETS[language])
    arguments = json.dumps(["first", key, "shop", ref])
    done = subprocess.run([*command, arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    identity = _identity(done.stdout.decode().strip(), key)
    assert (identity.client, identity.merchant_id) == ("frontend", "shop")
    assert identity.refs == frozenset(refs)
    assert before + 899 <= identity.expires_at_ms / 1000 <= time.time() + 900


def test_a_token_minted_by_the_shell_is_accepted() -> None:
    command = ["bash", "-euc", f'{SNIPPETS["sh"]}\nmint "$@"', "mint"]
    done = subprocess.run(
        [*command, "first", GENERATED, "shop", "12303"], check=True, stdout=subprocess.PIPE
    )
    assert _identity(done.stdout.decode().strip(), GENERATED).refs == frozenset({"12303"})


def test_every_snippet_that_mints_is_run_or_marked_as_not_run() -> None:
    section = TEXT.split("## Mint elsewhere")[1].split("\n## ")[0]
    shown = re.findall(r"^([A-Z.][^\n]*):?\n\n(?:<!-- tests: mint\.(\w+) -->\n)?```(\w+)", section,
                       re.MULTILINE)  # fmt: skip
    assert {name for _, name, _ in shown if name} == SNIPPETS.keys() == {*PROGRAMS, "sh"}
    assert [lang for line, name, lang in shown if not name and "not run" in line] == [
        "java",
        "csharp",
    ]
    assert len(shown) == len(SNIPPETS) + 2
    assert NAMES.keys() <= LANGUAGES.keys()
    assert section.count("HS256") + section.count("HmacSha256") >= len(shown)
