"""What a function's log holds of its start, as Lambda sets up logging: nothing of any library."""

import subprocess
import sys
from pathlib import Path

import pytest

# For logs in JSON, Lambda sets the root logger to INFO unless told otherwise:
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
PROGRAM = """
import importlib, logging, sys

class Log(logging.Handler):
    def emit(self, record):
        print(record.name, record.levelname, record.getMessage())

logging.getLogger().addHandler(Log())
logging.getLogger().setLevel(logging.INFO)
importlib.import_module(sys.argv[1])
print("started")
"""

ENVIRONMENT = {
    "ALLOWED_ORIGINS": "",
    "AUTH": "required",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_REGION": "eu-west-1",
    "AWS_SECRET_ACCESS_KEY": "b",
    "CONNECTIONS_ENDPOINT_URL": "http://127.0.0.1:9/stage",
    "CONNECTIONS_TABLE": "connections",
    "LEDGER_TABLE": "ledger",
    "POWERTOOLS_METRICS_NAMESPACE": "a",
    "POWERTOOLS_SERVICE_NAME": "b",
    "PYTHONPATH": str(Path(__file__).parents[2]),
    "RETENTION_SECONDS": "60",
    "TOKEN_KEYS_SECRET": "keys",
}


@pytest.mark.parametrize(
    "module", ["connect.handler", "connect.authorizer", "default.handler", "disconnect.handler"]
)
def test_a_function_that_starts_logs_nothing_of_any_library_at_info(module: str) -> None:
    done = subprocess.run(
        (sys.executable, "-c", PROGRAM, f"lambdas.{module}"),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("started\n", "")
