"""Changing the deployed functions for the time of a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@contextmanager
def setting(functions: "LambdaClient", function: str, **changed: str) -> Iterator[None]:
    """Run with other variables in a function's environment; an empty one is taken out."""
    before = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    after = {name: value for name, value in {**before, **changed}.items() if value}
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": after})
    try:
        yield
    finally:
        functions.update_function_configuration(
            FunctionName=function, Environment={"Variables": before}
        )
