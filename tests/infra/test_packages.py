import subprocess
import sys
from pathlib import Path

from infra import bytecode
from tests.infra.assets import files, machine_of, staged
from tests.infra.templates import Template

AARCH64 = 183
"""EM_AARCH64 of elf.h."""

CRT = "python/_awscrt.abi3.so"


def layer_of(template: Template, assembly: Path) -> Path:
    content = template.one("AWS::Lambda::LayerVersion").properties["Content"]
    return staged(assembly, content["S3Key"])


def test_the_stages_on_lambda_share_code_and_layer(dev: Template, prod: Template) -> None:
    for type_, name in (("LayerVersion", "Content"), ("Function", "Code")):
        shared = [
            resource.properties[name]["S3Key"]
            for template in (dev, prod)
            for resource in template.all(f"AWS::Lambda::{type_}")
        ]
        assert len(set(shared)) == 1


def test_the_layer_holds_the_pinned_packages_and_one_shared_object(
    template: Template, assembly_of_variant: Path
) -> None:
    packed = files(layer_of(template, assembly_of_variant))
    assert all(name.startswith("python/") for name in packed)
    assert "python/fastjsonschema/__init__.py" in packed
    assert "python/aws_lambda_powertools/__init__.py" in packed
    assert "python/awscrt/__init__.py" in packed
    assert "python/jwt/__init__.py" in packed
    compiled = {".so", ".pyd", ".dylib", ".dll"}
    assert {name for name in packed if Path(name).suffix in compiled} == {CRT}
    assert not {name for name in packed if name.startswith(("python/bin", "python/boto"))}


def test_the_layer_of_a_stage_on_lambda_has_machine_code_for_arm(
    dev: Template, prod: Template, assembly: Path
) -> None:
    for template in (dev, prod):
        assert machine_of(layer_of(template, assembly) / CRT) == AARCH64
        layer = template.one("AWS::Lambda::LayerVersion").properties
        assert layer["CompatibleArchitectures"] == ["arm64"]
        assert (
            layer["CompatibleArchitectures"]
            == template.function("default").properties["Architectures"]
        )


def test_the_layer_of_the_emulated_stage_loads_on_this_machine_without_other_packages(
    local: Template, assembly: Path
) -> None:
    layer = layer_of(local, assembly)
    assert "CompatibleArchitectures" not in local.one("AWS::Lambda::LayerVersion").properties
    names = "awscrt.io, fastjsonschema, jmespath, jwt, typing_extensions"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import {names}; print(awscrt.__file__)"],
        env={"PYTHONPATH": str(layer / "python"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == layer / "python" / "awscrt" / "__init__.py"


def test_every_module_of_the_layer_is_compiled_or_none_is(
    dev: Template, local: Template, assembly: Path
) -> None:
    def bytecode_in(template: Template) -> set[str]:
        packed = files(layer_of(template, assembly))
        return {name for name in packed if name.endswith(".pyc")}

    modules = {name for name in files(layer_of(dev, assembly)) if name.endswith(".py")}
    assert len(bytecode_in(dev)) == (len(modules) if bytecode.compiler() else 0)
    assert not bytecode_in(local)
