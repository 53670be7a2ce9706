"""The sources: Python 3.10, though the tests run on a newer one, and imports in one direction."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ws_notify

ROOT = Path(ws_notify.__file__).parent
MODULES = {
    ".".join(("ws_notify", *path.relative_to(ROOT).with_suffix("").parts)): path
    for path in ROOT.rglob("*.py")
    if path.name != "__init__.py"
}


def imported_by(path: Path) -> set[str]:
    """Return the package's modules that a source file imports, wherever in it."""
    nodes = [
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)
    ]
    names = {f"{node.module}.{alias.name}" for node in nodes for alias in node.names}
    return (names | {str(node.module) for node in nodes}) & MODULES.keys()


@pytest.mark.parametrize(
    ("part", "forbidden"),
    [
        ("core", ("transport", "cli", "client", "async_client", "aws", "endpoint", "tokens")),
        ("transport", ("cli", "client", "async_client", "subscription", "aws")),
        ("", ("cli",)),
    ],
    ids=["core", "transport", "package"],
)
def test_a_part_imports_no_part_above_it(part: str, forbidden: tuple[str, ...]) -> None:
    above = tuple(f"ws_notify.{name}" for name in forbidden)
    for name, path in MODULES.items():
        inside = name.startswith(f"ws_notify.{part}." if part else "ws_notify.")
        if inside and not name.startswith(("ws_notify.cli.", "ws_notify.__main__")):
            bad = {
                each
                for each in imported_by(path)
                if f"{each}.".startswith(tuple(f"{a}." for a in above))
            }
            assert not bad, f"{name} imports {bad}"


def test_the_types_hold_for_python_3_10() -> None:
    command = [sys.executable, "-m", "mypy", "--python-version", "3.10", "--package", "ws_notify"]
    checked = subprocess.run(
        command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
