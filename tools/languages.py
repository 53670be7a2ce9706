"""The languages beside our own, and curl, whose snippets the tests take out of docs/ and run."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tools import ToolError
from tools.debian import can_install, install
from tools.terminal import exit_status, say


@dataclass(frozen=True, slots=True)
class Language:
    """A program that ends with 0 where all is there, and the packages of Debian that bring it."""

    check: tuple[str, ...]
    packages: tuple[str, ...]


LANGUAGES: Final[Mapping[str, Language]] = {
    "ruby": Language(("ruby", "-e", "require 'jwt'"), ("ruby", "ruby-jwt")),
    "php": Language(("php", "-r", "exit(function_exists('hash_hmac') ? 0 : 1);"), ("php-cli",)),
    "go": Language(("go", "version"), ("golang-go",)),
    "java": Language(("javac", "-version"), ("default-jdk-headless",)),
    "curl": Language(("curl", "--version"), ("curl",)),
}


def is_there(name: str) -> bool:
    """Tell whether a language can be run."""
    try:
        done = subprocess.run(LANGUAGES[name].check, check=False, capture_output=True)  # noqa: S603 - constant
    except FileNotFoundError:
        return False
    return done.returncode == 0


def to_run() -> list[str]:
    """Return the languages whose snippets to run: in CI each, there or not."""
    return [name for name in LANGUAGES if os.environ.get("CI") or is_there(name)]


def main() -> int:
    """See what is there; as root on Debian, install what is missing.

    Raises ToolError in CI; elsewhere says what is left out.
    """
    missing = [name for name in LANGUAGES if not is_there(name)]
    packages = [package for name in missing for package in LANGUAGES[name].packages]
    remedy = f"`apt-get install {' '.join(packages)}`"
    if missing and can_install():
        say(f"installing Debian's {' and '.join(packages)} for the tests (once; a minute) ...")
        install(*packages, remedy=remedy)
        missing = [name for name in missing if not is_there(name)]
    for name in missing:
        left_out = f"the snippets of docs/ for {name} are not run: {remedy}"
        if os.environ.get("CI"):
            raise ToolError(left_out)
        say(left_out)
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
