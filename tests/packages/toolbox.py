"""Package managers, compilers and bundlers on Node 20, in exact versions, from npm's registry."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.kit.programs import run

VERSIONS = {
    "node": "20.20.2",
    "npm": "10.8.2",  # the one that comes with this Node
    "yarn": "1.22.22",
    "jest": "29.7.0",
    "jest-environment-jsdom": "29.7.0",
    "vite": "7.3.8",
    "esbuild": "0.28.2",
    "typescript": "5.9.3",  # the last that resolves as `node10` without being told to tolerate it
}
INSTALLING = 240.0
ROOT = Path(__file__).parents[2]
SNIPPET = re.compile(r"<!-- tests: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
FRONTEND = dict(SNIPPET.findall((ROOT / "docs/integrate-frontend.md").read_text()))
"""The snippets of the document, by the names that their markers give them."""


@dataclass(frozen=True, slots=True)
class Toolbox:
    """Its programs come first on the path of what runs in a project beside it."""

    folder: Path

    @classmethod
    def installed(cls, folder: Path) -> "Toolbox":
        """Install it into an empty folder, with caches beside."""
        (folder / "package.json").write_text('{"private": true}')
        toolbox = cls(folder)
        pins = [f"{name}@{version}" for name, version in VERSIONS.items()]
        npm = ("npm", "install", "--no-package-lock", *pins)
        environment = {**toolbox.environment, "PATH": os.environ["PATH"]}
        run(*npm, cwd=folder, env=environment, timeout=INSTALLING)
        return toolbox

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{self.folder / 'node_modules/.bin'}{os.pathsep}{os.environ['PATH']}",
            "YARN_CACHE_FOLDER": str(self.folder / "yarn-cache"),
            "npm_config_audit": "false",
            "npm_config_cache": str(self.folder / "npm-cache"),
            "npm_config_engine_strict": "true",
            "npm_config_fund": "false",
            "npm_config_loglevel": "error",
            "npm_config_update_notifier": "false",
        }

    def project(self, name: str) -> Path:
        """Return a new project beside the clone that the documents name."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "package.json").write_text('{"private": true}')
        return folder

    def run(self, *command: str, project: Path) -> str:
        """Run a program; return what it prints."""
        return run(*command, cwd=project, env=self.environment)

    def follow(self, snippet: str, project: Path) -> None:
        """Run a document's snippet of a shell, but for its call of make: the file is there."""
        lines = [line for line in snippet.splitlines() if not line.startswith("make ")]
        self.run("bash", "-euc", "\n".join(lines), project=project)
