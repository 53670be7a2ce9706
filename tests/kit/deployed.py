"""A deployed local stage: AWS clients for it, its items, its functions and their environment."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3

from tools.deploy import LocalStage
from tools.ministack import CREDENTIALS, REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient


def session() -> boto3.Session:
    """Return a session for every local AWS, whatever the caller's environment says."""
    return boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )


def function_names(functions: "LambdaClient", *constructs: str) -> list[str]:
    """Return the names of the functions of a stage whose construct is e.g. `DefaultFunction`."""
    names = [one["FunctionName"] for one in functions.list_functions()["Functions"]]
    return [name for name in names if any(f"-{one}" in name for one in constructs)]


def items(dynamodb: "DynamoDBClient", stage: LocalStage) -> list[dict[str, Any]]:
    """Return all that both tables of a stage hold."""
    tables = (stage.outputs[f"{name}TableName"] for name in ("Connections", "Ledger"))
    return [item for table in tables for item in dynamodb.scan(TableName=table)["Items"]]


@contextmanager
def changed_environment(functions: "LambdaClient", function: str, **changed: str) -> Iterator[None]:
    """Run with other variables in a function's environment; one that is made empty is left out."""
    before = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    emptied = {name for name, value in changed.items() if not value}
    after = {name: value for name, value in {**before, **changed}.items() if name not in emptied}
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": after})
    try:
        yield
    finally:
        functions.update_function_configuration(
            FunctionName=function, Environment={"Variables": before}
        )
