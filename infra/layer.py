"""The third-party packages of the functions as one Lambda layer (lambdas/requirements.txt).

No Docker and no compiled wheel: the same layer runs on arm64 at AWS and on this machine.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from aws_cdk import AssetHashType
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

ROOT: Final = Path(__file__).resolve().parent.parent
REQUIREMENTS: Final = ROOT / "lambdas" / "requirements.txt"
BUILD: Final = ROOT / ".build"

# Asked of pip for the Python of the functions, whichever Python runs the synth.
_PIP_INSTALL: Final = (
    *("install", "--quiet", "--disable-pip-version-check", "--no-input"),
    *("--no-deps", "--no-compile", "--only-binary=:all:"),
    *("--platform", "any", "--implementation", "py", "--abi", "none", "--python-version", "3.13"),
)


class PackagesLayer(lambda_.LayerVersion):
    """What the functions import beyond the Lambda runtime (which brings boto3)."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        folder = built_layer()
        super().__init__(
            scope,
            construct_id,
            description="Third-party packages of the functions, pinned in lambdas/requirements.txt",
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
            code=lambda_.Code.from_asset(
                str(folder), asset_hash=folder.name, asset_hash_type=AssetHashType.CUSTOM
            ),
        )


def built_layer(requirements: Path = REQUIREMENTS, build: Path = BUILD) -> Path:
    """Return the layer's folder, built only when these exact pins never were.

    Raises `RuntimeError` with pip's own words when pip cannot install them.
    """
    pins = requirements.read_bytes().replace(b"\r\n", b"\n")
    digest = hashlib.sha256(pins + "\n".join(_PIP_INSTALL).encode()).hexdigest()
    folder = build / f"layer-{digest[:16]}"
    if folder.is_dir():
        return folder
    build.mkdir(exist_ok=True)
    # Built beside and renamed when whole: an interrupted build leaves nothing that looks finished.
    with tempfile.TemporaryDirectory(dir=build, prefix="layer-") as unfinished:
        _pip_install(requirements, Path(unfinished) / "layer" / "python")
        try:
            (Path(unfinished) / "layer").rename(folder)
        except OSError:
            if not folder.is_dir():  # else: another synth built the same pins meanwhile
                raise
    return folder


def _pip_install(requirements: Path, target: Path) -> None:
    command = [sys.executable, "-m", "pip", *_PIP_INSTALL]
    done = subprocess.run(  # noqa: S603 - our own interpreter and constant arguments
        [*command, "--target", str(target), "--requirement", str(requirements)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"pip could not build the layer from {requirements} (pure-Python wheels only, every "
            f"package pinned). pip says:\n{done.stderr.strip()}"
        )
    # Console scripts are of no use to a function, and name this machine's Python.
    shutil.rmtree(target / "bin", ignore_errors=True)
