"""The outputs file of `make run`, and the environment variables that outputs become.

The names of the outputs are the interface to `infra`; the names of the variables, to `lambdas`.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools import ToolError
from tools.ministack import CREDENTIALS
from tools.network import direct
from ws_notify.cli.stage import stack_name

STAGES = ("local", "dev", "prod")
_VARIABLES = {
    "CONNECTIONS_TABLE": "ConnectionsTableName",
    "LEDGER_TABLE": "LedgerTableName",
    "RETENTION_SECONDS": "RetentionSeconds",
    "CONNECTIONS_ENDPOINT_URL": "ConnectionsEndpointURL",
}
_OF_CLIENTS = {
    "WS_NOTIFY_URL": "WebsocketConnectEndpointURL",
    "WS_NOTIFY_HTTP_URL": "HttpEndpointURL",
    "WS_NOTIFY_FUNCTION": "PublishFunctionName",
    "WS_NOTIFY_KEYS_SECRET": "TokenKeysSecretArn",  # only where the stage asks for tokens
}


def write_outputs(path: Path, stage: str, outputs: Mapping[str, str]) -> None:
    """Write the outputs so that a reader sees all of them or no file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps({stack_name(stage): dict(outputs)}, indent=2) + "\n")
    unfinished.replace(path)


def environment(outputs: Mapping[str, Any]) -> dict[str, str]:
    """Name what in-process use reads: `Storage.from_env()` and `Sender.from_env(storage)`."""
    missing = sorted(set(_VARIABLES.values()) - set(outputs))
    if missing:
        raise ToolError(f"The stack has no output {', '.join(missing)}: deploy it again")
    return {variable: outputs[output] for variable, output in _VARIABLES.items()}


def clients_environment(outputs: Mapping[str, Any]) -> dict[str, str]:
    """Name what the documents' clients read: where to connect, and with which keys to mint."""
    return {name: outputs[output] for name, output in _OF_CLIENTS.items() if output in outputs}


def local_environment(outputs: Mapping[str, Any], endpoint: str) -> dict[str, str]:
    """Add to the environment what makes boto3 speak to the local AWS at `endpoint`."""
    return {**environment(outputs), **local_aws(endpoint)}


def local_aws(endpoint: str) -> dict[str, str]:
    """Name what makes a program on this machine speak to the local AWS, and to no proxy."""
    return {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint, **direct(os.environ)}
