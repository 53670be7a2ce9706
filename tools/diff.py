"""`make diff BASE=<git ref>`: what today's tree would change in each stage since that commit.

Needs no credentials: the templates of both are synthesised here and compared with each other, not
with what is deployed. Nothing is left behind, in the tree or in git.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tools import ToolError
from tools.terminal import say

_PROJECT: Final = Path(__file__).resolve().parent.parent
_CDK: Final = _PROJECT / "node_modules" / ".bin" / "cdk"
_TEMPLATE: Final = ".template.json"

SAME, DIFFERENT, UNUSABLE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the differences. Return 0 if there are none, 1 if there are, 2 if it cannot be told."""
    parser = argparse.ArgumentParser(prog="make diff")
    parser.add_argument("base", help="the commit to compare with, like HEAD^ or main")
    base: str = parser.parse_args(arguments).base
    try:
        with tempfile.TemporaryDirectory(prefix="ottu-ws-notify-diff-") as folder:
            return _compare(base, Path.cwd(), Path(folder))
    except ToolError as error:
        sys.stderr.write(f"error: {error}\n")
        return UNUSABLE


def _compare(base: str, tree: Path, folder: Path) -> int:
    then = folder / "tree"
    _unpack(base, tree, then)
    # A layer that today's tree has built is not built again for the same pins.
    (tree / ".build").mkdir(exist_ok=True)
    (then / ".build").symlink_to(tree.resolve() / ".build")
    after = _synthesise(tree, folder / "after", "the templates of today")
    before = _synthesise(then, folder / "before", f"the templates of {base}")
    stacks = sorted({*before, *after})
    differing = [name for name in stacks if before.get(name) != after.get(name)]
    for name in stacks:
        if name not in differing:
            say(f"Stack {name}\nThere were no differences\n")
        elif name not in before:
            say(f"Stack {name}\nIs new since {base}\n")
        elif name not in after:
            say(f"Stack {name}\nIs gone since {base}\n")
        else:
            say(_shown(name, folder))
    return DIFFERENT if differing else SAME


def _unpack(base: str, tree: Path, target: Path) -> None:
    # An archive rather than a worktree, which would stay registered in .git after a kill.
    found = _git("rev-parse", "--verify", "--end-of-options", f"{base}^{{commit}}", tree=tree)
    if found.returncode != 0:
        raise ToolError(
            f"{base!r} is not a commit of this repository: {found.stderr.decode().strip()}"
        )
    commit = found.stdout.decode().strip()
    if _git("cat-file", "-e", f"{commit}:app.py", tree=tree).returncode != 0:
        raise ToolError(f"{base} has no app.py: everything is new since then")
    content = _git("archive", "--format=zip", commit, tree=tree).stdout
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(target)


def _git(*arguments: str, tree: Path) -> subprocess.CompletedProcess[bytes]:
    command = ("git", *arguments)
    return subprocess.run(command, cwd=tree, capture_output=True, check=False)  # noqa: S603 - git, no shell


def _synthesise(tree: Path, out: Path, what: str) -> dict[str, object]:
    """Return the templates by the names of their stacks."""
    sys.stderr.write(f"synthesising {what} ...\n")
    _cdk("synth", "--quiet", "--output", str(out), folder=tree)
    return {
        path.name.removesuffix(_TEMPLATE): json.loads(path.read_text(encoding="utf-8"))
        for path in out.glob(f"*{_TEMPLATE}")
    }


def _shown(stack: str, folder: Path) -> str:
    template = str(folder / "before" / f"{stack}{_TEMPLATE}")
    options = ("--app", str(folder / "after"), "--template", template, "--no-color")
    return _cdk("diff", stack, *options, folder=folder)


def _cdk(command: str, *arguments: str, folder: Path) -> str:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    done = subprocess.run(  # noqa: S603 - our own program
        (str(_CDK), command, *arguments, "--no-notices", "--no-version-reporting"),
        cwd=folder,
        env={**os.environ, "PATH": path, "CDK_DISABLE_CLI_TELEMETRY": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise ToolError(f"`cdk {command}` failed in {folder}:\n{done.stdout.strip()}")
    return done.stdout.strip() + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
