"""Which part may import which: the arrows of docs/design.md, read from the source."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"app", "benchmarks", "infra", "lambdas", "tests", "tools"}
FUNCTIONS = ["connect", "default", "disconnect"]


def _sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def _imports(path: Path) -> set[str]:
    """Return the full names of the modules that a source file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: one import root, no relative imports"
            module = node.module or ""
            # `from lambdas.layer import gateway` may name a module or what is in one.
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def _roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in _imports(path)}


def _foreign(path: Path) -> set[str]:
    """Return the packages of others that a file imports."""
    return {root for root in _roots(path) if root not in sys.stdlib_module_names | OURS}


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


HANDLERS = [path for name in FUNCTIONS for path in _sources(f"lambdas/{name}")]
LAYER = _sources("lambdas/layer")


def test_there_is_something_to_check() -> None:
    assert len(HANDLERS) >= 6
    assert len(LAYER) >= 10
    assert _sources("infra")


@pytest.mark.parametrize("path", HANDLERS, ids=_named)
def test_a_handler_imports_the_layer_its_own_package_and_powertools(path: Path) -> None:
    own = f"lambdas.{path.parent.name}"
    ours = {name for name in _imports(path) if name.split(".")[0] in OURS}
    assert all(name.startswith(("lambdas.layer", own)) for name in ours), ours
    assert _foreign(path) <= {"aws_lambda_powertools"}


@pytest.mark.parametrize("path", LAYER, ids=_named)
def test_the_layer_imports_nothing_that_lies_above_it(path: Path) -> None:
    ours = {name for name in _imports(path) if name.split(".")[0] in OURS}
    assert all(name.startswith("lambdas.layer") for name in ours), ours
    assert _foreign(path) <= USES.keys()


USES = {
    "aws_lambda_powertools": {"entry.py"},
    "awscrt": {"aws/service.py", "aws/transport.py"},
    "boto3": {"aws/boto3_clients.py"},
    "botocore": {"aws/boto3_clients.py"},
    "fastjsonschema": {"protocol/frames.py"},
    "jwt": {"auth/tokens.py"},
}


@pytest.mark.parametrize("package", USES)
def test_a_package_of_others_is_used_in_one_place(package: str) -> None:
    layer = ROOT / "lambdas/layer"
    users = {str(path.relative_to(layer)) for path in LAYER if package in _foreign(path)}
    assert users == USES[package]


@pytest.mark.parametrize("path", _sources("lambdas/layer/aws"), ids=_named)
def test_what_speaks_to_aws_knows_nothing_of_subscriptions(path: Path) -> None:
    ours = {name for name in _imports(path) if name.startswith("lambdas.")}
    known = ("lambdas.layer.aws", "lambdas.layer.limits", "lambdas.layer.settings")
    assert all(name == "lambdas.layer" or name.startswith(known) for name in ours), ours


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        _named(path)
        for path in _sources("lambdas")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute | ast.Name)
        and (node.attr if isinstance(node, ast.Attribute) else node.id) in {"environ", "getenv"}
    }
    assert readers == {"lambdas/layer/settings.py"}


# -- every folder

ARROWS = {
    "app.py": {"infra"},
    "infra": set(),
    "lambdas": set(),
    "ws_notify": set(),
    "tools": {"lambdas", "ws_notify"},
    "tests/kit": {"lambdas", "tools", "ws_notify"},
    "benchmarks": {"infra", "lambdas", "tests/kit", "tools", "ws_notify"},
}
"""What each folder may import beside itself. Other folders of tests may import all of these."""

BORROWED = {
    "tests/e2e": {"tests/clients", "tests/faults", "tests/fuzz"},
    "tests/packages": {"tests/clients"},
}
"""What one folder of tests has of another: e2e plays their attacks on a deployed stage, and an
installed package speaks to the stage of its units."""

TOP = {"tests"}
"""Tests beside the folders, and what `make verify` runs, are about all of them."""

CLIENT = "clients/python/src/"
LISTED = ("git", "ls-files", "*.py")
NAMES = subprocess.run(LISTED, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
MODULES = {
    name.removeprefix(CLIENT).removesuffix(".py").removesuffix("/__init__").replace("/", "."): name
    for name in NAMES
    if (ROOT / name).exists()
}
"""The file of each module of ours."""


def _folder(name: str) -> str:
    first, *rest = name.removeprefix(CLIENT).split("/")
    return f"tests/{rest[0]}" if first == "tests" and len(rest) > 1 else first


def _imports_of_ours(module: str) -> set[str]:
    """Return the modules of ours that one imports, itself left out."""
    found = _imports(ROOT / MODULES[module])
    # `from a import b` names `a.b`, and `a` alone only where no module `a.b` exists.
    packages = {name.rpartition(".")[0] for name in found if name in MODULES}
    return {name for name in found if name in MODULES and name not in packages | {module}}


GRAPH = {module: _imports_of_ours(module) for module in MODULES}


@pytest.mark.parametrize("folder", sorted({_folder(name) for name in MODULES.values()} - TOP))
def test_a_folder_imports_only_what_lies_below_it(folder: str) -> None:
    imported = {
        _folder(MODULES[name])
        for module, names in GRAPH.items()
        if _folder(MODULES[module]) == folder
        for name in names
    }
    others = ARROWS.get(folder, ARROWS.keys() | BORROWED.get(folder, set()))
    assert imported <= {folder, *others}


def test_no_modules_import_each_other_in_a_circle() -> None:
    left = {module: set(names) for module, names in GRAPH.items()}
    while ends := {module for module, names in left.items() if not names & left.keys()}:
        left = {module: names for module, names in left.items() if module not in ends}
    assert not left


def test_lambdas_have_six_levels_of_imports_at_most() -> None:
    @cache
    def level(module: str) -> int:
        return 1 + max(map(level, GRAPH[module]), default=0)

    assert max(level(module) for module in MODULES if module.startswith("lambdas.")) <= 6


# -- what is loaded


def _loaded_by(module: str, environment: dict[str, str]) -> set[str]:
    """Return what a fresh interpreter has loaded once it has imported a module."""
    program = f"import {module}, sys; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.splitlines())


POWERTOOLS = {"POWERTOOLS_SERVICE_NAME": "a", "POWERTOOLS_METRICS_NAMESPACE": "b"}
TABLES = {
    "CONNECTIONS_TABLE": "a",
    "LEDGER_TABLE": "b",
    "RETENTION_SECONDS": "60",
    "AWS_ENDPOINT_URL": "http://localhost",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
}


NOT_USED = {"aws_xray_sdk", "boto3", "pydantic", "ssl", "urllib3"}
FUNCTIONS_LOAD = {
    "connect.handler": set(),
    "connect.authorizer": {"awscrt", "fastjsonschema", "jwt"},
    "default.handler": {"awscrt", "fastjsonschema"},
    "disconnect.handler": {"awscrt"},
}


@pytest.mark.parametrize("function", FUNCTIONS_LOAD)
def test_a_function_loads_only_what_it_uses(function: str) -> None:
    own = {
        "ALLOWED_ORIGINS": "",
        "AUTH": "required",
        "CONNECTIONS_ENDPOINT_URL": "http://localhost/prod",
        "TOKEN_KEYS_SECRET": "a",
    }
    loaded = _loaded_by(f"lambdas.{function}", {**TABLES, **POWERTOOLS, **own})
    assert loaded & {"awscrt", "fastjsonschema", "jwt"} == FUNCTIONS_LOAD[function]
    unused = NOT_USED - {"ssl"} if "jwt" in loaded else NOT_USED  # PyJWT's client of JWKS has it
    assert loaded.isdisjoint(unused)
    # Powertools looks whether there is a botocore, for which Python loads its empty `__init__`.
    assert not [name for name in loaded if name.startswith("botocore.")]


def test_the_layer_itself_loads_nothing_before_it_is_asked() -> None:
    assert _loaded_by("lambdas.layer", {}).isdisjoint(
        {"awscrt", "boto3", "botocore", "fastjsonschema"}
    )


def test_the_three_names_of_the_layer_are_those_of_its_modules() -> None:
    program = (
        "from lambdas.layer import Handler, Sender, Storage\n"
        "print(Handler.__module__, Sender.__module__, Storage.__module__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == [
        "lambdas.layer.handler",
        "lambdas.layer.sender",
        "lambdas.layer.legacy",
    ]


def test_the_layer_has_no_other_names() -> None:
    with pytest.raises(ImportError):
        from lambdas.layer import Nothing  # noqa: F401, PLC0415
