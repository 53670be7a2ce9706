"""Strict type checkers take the Python that the documents show, and find the package typed."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
SOURCES: Final = (ROOT, ROOT / "clients/python/src")
DOCUMENTS: Final = (
    "README.md",
    "clients/python/README.md",
    "docs/integrate-backend.md",
    "docs/security.md",
)
GIVEN: Final = {
    "url": "str",
    "http_url": "str",
    "token": "str",
    "secret_arn": "str",
    "function_name": "str",
    "client": "ws_notify.Client",
    "order": "str",
    "attempt_began": "datetime",
    "BASE_DIR": "Path",
    "TEMPLATES": "list[dict[str, Any]]",
    "backend_token": "Callable[[], str]",
}
"""What the snippets take as given."""

PARAMETERS: Final = {
    "notification": "dict[str, Any]",
    "deadline": "float",
    "request": "HttpRequest",
    "fields": "Any",
    "options": "Any",
}
"""The types of the parameters of their functions, where it is not `str`."""

PROSE: Final = """
from ws_notify import AsyncClient, Client, HttpPublisher, Keys, LambdaPublisher, mint_token
from ws_notify.django import Publisher, notify_on_commit
from ws_notify.testing import AsyncRecorder, Recorder

keys = Keys.from_secret("name")
for kind in ("url", "function", "http", "tests"):
    publisher: Publisher = Client("wss://x", token=lambda: keys.mint_token(
        client="backend", merchant_id="shop"))
    if kind == "function":
        publisher = LambdaPublisher("name")
    if kind == "http":
        publisher = HttpPublisher("https://x", token=lambda: "t")
    if kind == "tests":
        publisher = Recorder()
    notify_on_commit(merchant_id="shop", ref=1, project="p", type="t", message="m", status="failed",
                     amount="10.100", publisher=publisher, using="other", deadline=1)
mint_token("key", "kid", client="frontend", merchant_id="shop", ref=["1", 2], lifetime=900)


async def fetch() -> str:
    return ""


async def listen(client: AsyncClient | AsyncRecorder) -> None:
    async for notification in client.subscribe("shop", "1", 2, timeout=1):
        print(notification.data["amount"], client)


listening = [listen(AsyncClient("wss://x", token=fetch)), listen(AsyncRecorder())]
"""
"""What the documents describe, and show in no snippet."""

_HEAD: Final = """from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
import ws_notify
from django.http import HttpRequest
"""
# Not of this package: that Django has no types, and that a snippet's functions show none.
_LENIENT: Final = (
    "reportMissingTypeStubs",
    "reportUnknownMemberType",
    "reportUnknownVariableType",
    "reportUnknownArgumentType",
    "reportUnknownParameterType",
    "reportUnknownLambdaType",
    "reportUntypedFunctionDecorator",
    "reportUntypedBaseClass",
    "reportMissingParameterType",
    "reportUnusedImport",
    "reportUnusedVariable",
    "reportMissingModuleSource",
    "reportUnusedFunction",
    "reportUnusedExpression",
    "reportConstantRedefinition",
    "reportPossiblyUnboundVariable",  # of what a loop of three attempts always sets
)


def _annotated(snippet: str) -> str:
    """Return a snippet whose functions name the types of their parameters."""
    tree = ast.parse(snippet)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            kinds = [*arguments.args, *arguments.kwonlyargs, arguments.kwarg, arguments.vararg]
            for one in kinds:
                if one and one.arg != "self":
                    one.annotation = ast.parse(PARAMETERS.get(one.arg, "str"), mode="eval").body
    return ast.unparse(tree)


def _defined(snippet: str) -> set[str]:
    """Return the names that a snippet gives itself."""
    names = set()
    for node in ast.walk(ast.parse(snippet)):
        match node:
            case ast.alias():
                names.add(node.asname or node.name)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                names.add(node.name)
            case ast.Name(ctx=ast.Store()):
                names.add(node.id)
            case _:
                pass
    return names


def _written(folder: Path) -> list[Path]:
    """Write each snippet as a file that stands alone, in the folder that its marker names."""
    files = []
    for document in DOCUMENTS:
        text = (ROOT / document).read_text()
        found = re.findall(
            r"(?:<!-- tests: ([^ >]*)[^>]*-->\n)?```python\n(.*?)```", text, re.DOTALL
        )
        for number, (marker, snippet) in enumerate(found):
            name = (
                marker
                if "/" in marker
                else f"{re.sub('[^a-z]', '_', document.lower())}_{number}.py"
            )
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            unknown = set(GIVEN) - _defined(snippet)
            file.write_text(f"{_HEAD}from given import {', '.join(sorted(unknown))}\n"
                            f"{_annotated(snippet)}\n")  # fmt: skip
            files.append(file)
    return files


@pytest.fixture(scope="module")
def snippets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("snippets")
    declared = "".join(f"{name}: {type_}\n" for name, type_ in GIVEN.items())
    (folder / "given.pyi").write_text(_HEAD + declared)
    (folder / "prose.py").write_text(PROSE)
    files = _written(folder)
    assert len(set(files)) == len(files) > 20
    for name in ("shop", "outbox", "outbox/management", "outbox/management/commands"):
        (folder / name / "__init__.py").touch()
    return folder


def _checked(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "MYPYPATH": os.pathsep.join(map(str, SOURCES))}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_mypy_strict_takes_every_snippet(snippets: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=.mypy",
               "--ignore-missing-imports", "--follow-imports=silent", "--allow-untyped-defs",
               "--allow-incomplete-defs",
               "--allow-untyped-calls", "--allow-untyped-decorators", "--allow-subclassing-any",
               "."]  # fmt: skip
    assert _checked(command, snippets) == ""


def _declare_django_untyped(folder: Path) -> None:
    """Let pyright take Django as mypy does: it has no types, and pyright would guess them."""
    modules = {
        node.module
        for file in folder.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("django")
    }
    for module in modules:
        place = folder.with_name("typings")
        for name in module.split("."):
            place /= name
            place.mkdir(parents=True, exist_ok=True)
            anything = "from typing import Any\ndef __getattr__(name: str) -> Any: ...\n"
            (place / "__init__.pyi").write_text(anything)


def test_pyright_strict_takes_every_snippet(snippets: Path) -> None:
    _declare_django_untyped(snippets)
    settings = {
        "typeCheckingMode": "strict",
        "stubPath": "../typings",
        "extraPaths": list(map(str, SOURCES)),
        **dict.fromkeys(_LENIENT, False),
    }
    (snippets / "pyrightconfig.json").write_text(json.dumps(settings))
    command = ["pyright", "--pythonpath", sys.executable, "--warnings", "."]
    assert _checked(command, snippets) == ""


def test_pyright_finds_every_public_name_typed() -> None:
    command = ["pyright", "--pythonpath", sys.executable, "--ignoreexternal", "--outputjson",
               "--verifytypes", "ws_notify"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    complete = json.loads(done.stdout)["typeCompleteness"]
    internal = tuple(f"ws_notify.{part}." for part in ("cli", "core", "transport"))
    assert [
        symbol["name"]
        for symbol in complete["symbols"]
        if not symbol["name"].startswith(internal)
        and (symbol["isTypeAmbiguous"] or not symbol["isTypeKnown"])
    ] == []
