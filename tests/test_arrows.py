"""Which part may import which: the arrows of docs/design.md, read from the source."""

import ast
import subprocess
import sys
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
    assert _foreign(path) <= {
        "aws_lambda_powertools",
        "botocore",
        "fastjsonschema",
        "jwt",
    }


USES = {
    "aws_lambda_powertools": {"entry"},
    "botocore": {"signed_http", "sigv4", "aws_json", "storage"},  # the latter two: its ClientError
    "fastjsonschema": {"frames"},
    "jwt": {"tokens"},
}


@pytest.mark.parametrize("package", USES)
def test_a_package_of_others_is_used_in_one_place(package: str) -> None:
    assert {path.stem for path in LAYER if package in _foreign(path)} == USES[package]


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        _named(path)
        for path in _sources("lambdas")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute | ast.Name)
        and (node.attr if isinstance(node, ast.Attribute) else node.id) in {"environ", "getenv"}
    }
    assert readers == {"lambdas/layer/settings.py"}


@pytest.mark.parametrize("path", [*_sources("infra"), ROOT / "app.py"], ids=_named)
def test_the_infrastructure_imports_nothing_of_the_service(path: Path) -> None:
    assert _roots(path).isdisjoint(OURS - {"infra"})


@pytest.mark.parametrize(
    "path",
    [*_sources("infra", "lambdas", "tools", "benchmarks"), ROOT / "app.py"],
    ids=_named,
)
def test_nothing_but_tests_imports_tests(path: Path) -> None:
    assert "tests" not in _roots(path)


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


def test_connect_starts_without_boto3_and_without_the_rules_of_frames() -> None:
    loaded = _loaded_by("lambdas.connect.handler", {"ALLOWED_ORIGINS": "", **POWERTOOLS})
    assert "aws_lambda_powertools" in loaded
    assert loaded.isdisjoint({"boto3", "fastjsonschema", "urllib3"})
    # Powertools looks whether there is a botocore, for which Python loads its empty rim.
    assert not [name for name in loaded if name.startswith("botocore.")]


NOT_USED = {"aws_xray_sdk", "boto3", "cryptography", "pydantic", "aws_cdk"}


def test_default_loads_only_what_it_uses() -> None:
    address = {"CONNECTIONS_ENDPOINT_URL": "http://localhost/prod", "AUTH": "off"}
    loaded = _loaded_by("lambdas.default.handler", {**TABLES, **POWERTOOLS, **address})
    assert {"botocore.auth", "fastjsonschema"} <= loaded
    assert loaded.isdisjoint(NOT_USED | {"jwt"})


def test_disconnect_loads_only_what_it_uses() -> None:
    loaded = _loaded_by("lambdas.disconnect.handler", {**TABLES, **POWERTOOLS})
    assert "botocore.auth" in loaded
    assert loaded.isdisjoint(NOT_USED | {"fastjsonschema", "jwt"})


def test_the_authorizer_loads_only_what_it_uses() -> None:
    settings = {"AUTH": "required", "TOKEN_KEYS_SECRET": "a"}
    loaded = _loaded_by("lambdas.connect.authorizer", {**TABLES, **POWERTOOLS, **settings})
    assert {"botocore.auth", "fastjsonschema", "jwt"} <= loaded
    assert loaded.isdisjoint(NOT_USED - {"cryptography"})


def test_the_layer_itself_loads_nothing_before_it_is_asked() -> None:
    assert _loaded_by("lambdas.layer", {}).isdisjoint({"boto3", "botocore", "fastjsonschema"})


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
        "lambdas.layer.storage",
    ]


def test_the_layer_has_no_other_names() -> None:
    with pytest.raises(ImportError):
        from lambdas.layer import Nothing  # noqa: F401, PLC0415
