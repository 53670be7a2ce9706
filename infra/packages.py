"""The packages of others that the functions use, as a Lambda layer for where those run."""

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.assets import asset
from infra.bytecode import compiler
from infra.stages import Stage
from infra.wheels import LAMBDA, THIS_PYTHON, built_packages


class PackagesLayer(lambda_.LayerVersion):
    """What the functions import beyond the Lambda runtime (which brings boto3)."""

    def __init__(self, scope: Construct, construct_id: str, stage: Stage) -> None:
        folder = (
            # The emulator runs functions with the Python of this synth, see docs/design.md.
            built_packages(THIS_PYTHON, None)
            if stage.emulated
            else built_packages(LAMBDA, compiler())
        )
        super().__init__(
            scope,
            construct_id,
            description="Third-party packages of the functions, pinned in lambdas/requirements.txt",
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
            compatible_architectures=None if stage.emulated else [lambda_.Architecture.ARM_64],
            code=asset(folder),
        )
