"""`make mutants`: how many single-line breaks of the code the tests of its folder find.

By hand, and not a library's: none takes a number and a seed. cosmic-ray works in the tree itself,
deletes no statement and no argument, and half of what it makes swaps a binary operator, the `|` of
annotations included; mutmut breaks only what is inside functions; Stryker is for JavaScript alone.
"""

import argparse
import ast
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from shutil import copy2
from typing import Final

from tools import ToolError
from tools.breaks import of_javascript, of_python
from tools.child import running
from tools.terminal import Progress, exit_status, say

FOLDERS: Final = {
    "lambdas": ("lambdas/**/*.py", "tests/lambdas/**/test_*.py", 60),
    "clients/python": ("clients/python/src/**/*.py", "tests/clients/python/**/test_*.py", 60),
    "clients/js": ("clients/js/src/**/*.js", "tests/clients/js/test_module.py", 40),
}
"""The sources, the tests that are to find their breaks, and how many breaks to make."""

_PATIENCE: Final = 3
"""A break is found, too, if the tests take this many times as long as without it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A line of a source, before and after, and that whole source with it."""

    file: str
    line: int
    before: str
    after: str
    text: str

    def __str__(self) -> str:
        """Name it by its place and its change."""
        return f"{self.file}:{self.line}: {self.before.strip()} → {self.after.strip()}"


def mutants(tree: Path, sources: str, seed: int) -> Iterator[Mutant]:
    """Yield mutants that compile, in an order of chance, at most one a line."""
    chance = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    breaks: dict[tuple[str, int], list[str]] = {}
    for path in sorted(tree.glob(sources)):
        of_text = of_python if path.suffix == ".py" else of_javascript
        for line, after in of_text(path.read_text("utf-8")):
            breaks.setdefault((str(path.relative_to(tree)), line), []).append(after)
    for name, line in chance.sample(sorted(breaks), len(breaks)):
        after = chance.choice(breaks[name, line])
        lines = (tree / name).read_text("utf-8").splitlines()
        before, lines[line - 1] = lines[line - 1], after
        mutant = Mutant(name, line, before, after, "\n".join((*lines, "")))
        if _compiles(mutant, tree):
            yield mutant


def _compiles(mutant: Mutant, tree: Path) -> bool:
    if mutant.file.endswith(".js"):
        esbuild = (str(tree / "node_modules/.bin/esbuild"), "--log-level=silent")
        text = mutant.text.encode()
        done = subprocess.run(esbuild, input=text, stdout=subprocess.DEVNULL, check=False)  # noqa: S603 - constant
        return done.returncode == 0
    with suppress(SyntaxError):
        return bool(ast.parse(mutant.text))
    return False


def failure(tree: Path, tests: Sequence[Path], limit: float = math.inf) -> str | None:
    """Run tests up to the first that fails, and return its name; None if all pass in time."""
    path = (str(Path(sys.executable).parent), str(tree / "node_modules/.bin"), os.environ["PATH"])
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(path),
        "PYTHONPATH": os.pathsep.join((str(tree), str(tree / "clients/python/src"))),
        # A break that keeps a file's size within one second would be taken for what it was.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    options = ("-qx", "--hypothesis-seed=0", "-p", "no:cacheprovider")
    command = (sys.executable, "-m", "pytest", *options, *map(str, tests))
    log, end = tree / "tests.log", time.monotonic() + limit
    with running(command, log=log, environment=environment, folder=tree) as child:
        # What has failed is not waited for: threads of a break may keep it from ending.
        while (status := child.process.poll()) is None and time.monotonic() < end:
            if _failed(log):
                break
            time.sleep(0.1)
    if status == 0:
        return None
    return _failed(log) or ("none in time" if status is None else f"exit status {status}")


def _failure_again(tree: Path, tests: Sequence[Path], limit: float) -> str | None:
    """Return what fails alone too, or else in a second run: not every failure is the break's.

    What is no test's, like "none in time", fails alone as well: there is no such test.
    """
    first = failure(tree, tests, limit)
    alone = first and failure(tree, [tree / first], limit)
    return first if alone or not first else failure(tree, tests, limit)


def _failed(log: Path) -> str | None:
    found = re.search(r"^(?:FAILED|ERROR) (\S.*)$", log.read_text("utf-8", "replace"), re.MULTILINE)
    return found and found[1].split(" - ")[0]


def found_by(tree: Path, mutant: Mutant, tests: Sequence[Path], limit: float) -> str | None:
    """Return the test that finds a mutant; those go first that are named like it or speak of it."""
    source = tree / mutant.file
    names = {source.stem, source.parent.name}
    near = [test for test in tests if any(name in test.stem for name in names)]
    others = [test for test in tests if test not in near]
    others.sort(key=lambda test: source.stem not in test.read_text("utf-8"))
    whole = source.read_text("utf-8")
    source.write_text(mutant.text, "utf-8")
    failures = (_failure_again(tree, group, limit) for group in (near, others) if group)
    by = next(filter(None, failures), None)
    source.write_text(whole, "utf-8")
    return by


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each mutant with the test that found it and the shares; write all of it as JSON."""
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("--seed", type=int, default=10)
    parser.add_argument("--folder", choices=FOLDERS, action="append", help="by default all")
    parser.add_argument("--number", type=int, help="of mutants in each folder")
    parser.add_argument("--json", type=Path, default=Path(".build/mutants.json"))
    options = parser.parse_args(arguments)
    results, progress = [], Progress()
    with tempfile.TemporaryDirectory(prefix="ottu-ws-notify-mutants-") as place:
        tree = _copied(Path(place))
        for name in options.folder or FOLDERS:
            sources, pattern, number = FOLDERS[name]
            tests, began, these = sorted(tree.glob(pattern)), time.monotonic(), []
            if failed := failure(tree, tests):
                raise ToolError(f"{name}: its tests fail without any break, mend them: {failed}")
            limit, number = _PATIENCE * (time.monotonic() - began), options.number or number
            for mutant in islice(mutants(tree, sources, options.seed), number):
                by = found_by(tree, mutant, tests, limit)
                progress(f"{mutant}\n{'':10}{f'found by {by}' if by else 'SURVIVES'}")
                these.append({"folder": name, "mutant": str(mutant), "found_by": by})
            found = sum(one["found_by"] is not None for one in these)
            say(f"{name}: {found} of {len(these)} found, in {time.monotonic() - began:.0f} s")
            results += these
    options.json.parent.mkdir(parents=True, exist_ok=True)
    written = {"seed": options.seed, "results": results}
    options.json.write_text(json.dumps(written, indent=1, ensure_ascii=False))
    return 0


def _copied(target: Path) -> Path:
    """Copy what git knows or would add, so that the tree itself is never touched."""
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - constant
    for path in map(Path, listed.split("\0")):
        if path.is_file():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            copy2(path, target / path)
    (target / "node_modules").symlink_to(Path("node_modules").resolve())
    return target


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
