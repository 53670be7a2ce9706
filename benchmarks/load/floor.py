"""The floor: the benchmark's echo function, as fast as the emulator runs a function."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import benchmarks
from benchmarks.echo import deploy_echo
from tests.kit.deployed import session
from tools.deploy import LocalStage

_NAME = "floor"

_LOGGING = """
import sys

import echo_function


def handler(event, context):
    response = echo_function.handler(event, context)
    print("echoed", file=sys.stderr)
    return response
"""
"""After each invocation the local AWS waits for its log: 5 ms where there is one, as with the
service's functions, and 50 ms where there is none. Without a line the echo would be slower."""


@contextmanager
def floor(stage: LocalStage) -> Iterator[str]:
    """Deploy it beside the stage, yield its WebSocket address, and delete it."""
    aws = session()
    functions = aws.client("lambda", endpoint_url=stage.endpoint)
    url = deploy_echo(stage)
    functions.update_function_code(FunctionName=_NAME, ZipFile=_zipped())
    functions.update_function_configuration(FunctionName=_NAME, Handler="logged.handler")
    try:
        yield url
    finally:
        api_id = urlsplit(url).path.split("/")[-2]
        aws.client("apigatewayv2", endpoint_url=stage.endpoint).delete_api(ApiId=api_id)
        functions.delete_function(FunctionName=_NAME)


def _zipped() -> bytes:
    content = io.BytesIO()
    source = Path(benchmarks.__file__).with_name("echo_function.py")
    with zipfile.ZipFile(content, "w") as archive:
        archive.write(source, source.name)
        archive.writestr("logged.py", _LOGGING)
    return content.getvalue()
