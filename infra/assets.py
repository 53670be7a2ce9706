"""Built folders as assets of CDK. An asset's hash is of the folder's name, see infra/builds.py."""

from pathlib import Path

from aws_cdk import AssetHashType
from aws_cdk import aws_lambda as lambda_

from infra.bytecode import compiler
from infra.sources import built_code
from infra.stages import Stage


def asset(folder: Path) -> lambda_.AssetCode:
    """Return a built folder as code of Lambda."""
    return lambda_.Code.from_asset(
        str(folder), asset_hash=folder.name, asset_hash_type=AssetHashType.CUSTOM
    )


def functions_code(stage: Stage) -> lambda_.AssetCode:
    """Return the code for the functions of a stage; compiled, unless they run on this machine."""
    return asset(built_code(None if stage.emulated else compiler()))
