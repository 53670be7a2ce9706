"""TypeScript finds the package's types by every resolution, under its strictest settings."""

import json
from pathlib import Path

import pytest

from tests.kit.programs import CLIENT
from tests.packages.snippets import PAGE, modules
from tests.packages.toolbox import ROOT, Toolbox

PROGRAM = (CLIENT / "test/types.ts").read_text()
IMPORT = """import { type Notification, type Watch, watchRef } from 'ws-notify';
import { polling } from 'ws-notify/polling';
"""
REQUIRE = """import notify = require('ws-notify');
type Notification = notify.Notification;
type Watch = notify.Watch;
const { watchRef } = notify;
import notifyPolling = require('ws-notify/polling');
const { polling } = notifyPolling;
"""
STRICTEST = {
    "allowUnreachableCode": False,
    "allowUnusedLabels": False,
    "exactOptionalPropertyTypes": True,
    "isolatedModules": True,
    "noEmit": True,
    "noFallthroughCasesInSwitch": True,
    "noImplicitOverride": True,
    "noImplicitReturns": True,
    "noPropertyAccessFromIndexSignature": True,
    "noUncheckedIndexedAccess": True,
    "noUncheckedSideEffectImports": True,
    "noUnusedLocals": True,
    "noUnusedParameters": True,
    "skipLibCheck": False,
    "strict": True,
    "target": "es2022",
    "types": [],
}
RESOLUTIONS = {
    "node10 to CommonJS": ("commonjs", "node10", "commonjs", {"ts"}),
    "node10": ("esnext", "node10", "module", {"ts", "mts"}),
    "node16 to CommonJS": ("node16", "node16", "commonjs", {"ts"}),
    "node16": ("node16", "node16", "module", {"ts", "mts", "cts"}),
    "nodenext": ("nodenext", "nodenext", "module", {"ts", "mts", "cts"}),
    "bundler": ("preserve", "bundler", "module", {"ts", "mts", "cts"}),
}
"""The module that is made, how names are resolved, what `package.json` says, and the files."""


def _project(shop: Path, name: str, kind: str, suffixes: set[str]) -> Path:
    """Write what is compiled; `.cts` imports as CommonJS does."""
    project = shop / name.replace(" ", "-")
    project.mkdir()
    (project / "package.json").write_text(json.dumps({"type": kind}))
    assert IMPORT in PROGRAM
    for suffix in suffixes:
        text = PROGRAM.replace(IMPORT, REQUIRE) if suffix == "cts" else PROGRAM
        (project / f"program.{suffix}").write_text(text)
    return project


def _compile(toolbox: Toolbox, tsc: str, project: Path, **options: object) -> None:
    config = {"compilerOptions": {**STRICTEST, **options}, "include": ["*"]}
    (project / "tsconfig.json").write_text(json.dumps(config))
    toolbox.run("node", tsc, "-p", ".", project=project)


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_the_types_and_every_snippet_of_the_documents_compile(
    toolbox: Toolbox, shop: Path, resolution: str
) -> None:
    module, how, kind, suffixes = RESOLUTIONS[resolution]
    project = _project(shop, f"types {resolution}", kind, suffixes)
    (project / "page.d.ts").write_text(PAGE)
    snippets = modules()
    assert len(snippets) >= 5
    for name, text in snippets.items():
        (project / f"{name}.ts").write_text(text)
    _compile(
        toolbox,
        str(toolbox.folder / "node_modules/typescript/bin/tsc"),
        project,
        module=module,
        moduleResolution=how,
        verbatimModuleSyntax=kind == "module",  # it takes no `import` where that is to be `require`
        lib=["es2023", "dom"],
    )


@pytest.mark.parametrize("resolution", ["node16", "nodenext", "bundler"])
def test_the_newest_compiler_takes_the_types_in_a_worker(
    toolbox: Toolbox, shop: Path, resolution: str
) -> None:
    module, how, kind, suffixes = RESOLUTIONS[resolution]
    project = _project(shop, f"worker {resolution}", kind, suffixes)
    tsc = str(ROOT / "node_modules/typescript/bin/tsc")
    lib = ["es2023", "webworker"]
    _compile(toolbox, tsc, project, module=module, moduleResolution=how, lib=lib)
