"""How long each function's handler takes to import, in fresh interpreters and in turns.

The control is what a function that speaks to DynamoDB and `@connections` through boto3 cannot do
without: boto3 and the two clients. Bare Python's own start is subtracted from all of them.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from benchmarks.figures import Start
from benchmarks.spread import percentiles, ratio
from tools.ministack import CREDENTIALS

CONTROL: Final = "import boto3 and both clients"
FUNCTIONS: Final = {
    "authorizer": "lambdas.connect.authorizer",
    "connect": "lambdas.connect.handler",
    "disconnect": "lambdas.disconnect.handler",
    "default": "lambdas.default.handler",
}

_BARE: Final = "bare Python"
_PROGRAMS: Final = {
    _BARE: "pass",
    CONTROL: ("import boto3; boto3.client('dynamodb'); boto3.client('apigatewaymanagementapi')"),
    **{name: f"import {module}" for name, module in FUNCTIONS.items()},
}
_LOADED: Final = "; import json, sys; print(json.dumps(sorted(sys.modules)))"

_NEVER: Final = ("aws_xray_sdk", "boto3", "pydantic")
_STORING: Final = ("lambdas.layer.dynamo", "lambdas.layer.storage")
_POSTING: Final = ("lambdas.layer.connections_api", "lambdas.layer.sender", "lambdas.layer.handler")
_READING_FRAMES: Final = ("fastjsonschema", "lambdas.layer.frames")
_READING_TOKENS: Final = ("jwt", "lambdas.layer.keys", "lambdas.layer.tokens")
_UNUSED: Final = {
    # It holds what a token names against the rules for frames.
    "authorizer": (*_NEVER, *_STORING, *_POSTING),
    "connect": (
        *(*_NEVER, *_STORING, *_POSTING, *_READING_FRAMES, *_READING_TOKENS),
        "botocore.session",
    ),
    "disconnect": (*_NEVER, *_POSTING, *_READING_FRAMES, *_READING_TOKENS),
    "default": (*_NEVER, *_READING_TOKENS),
}
"""What a function has no use for: it calls no AWS, never posts, reads no frame or no token."""

_ROOT: Final = Path(__file__).parent.parent
_ENVIRONMENT: Final = {
    **CREDENTIALS,
    "PATH": os.environ.get("PATH", os.defpath),
    "HOME": os.devnull,
    "ALLOWED_ORIGINS": "",
    "AUTH": "required",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "CONNECTIONS_ENDPOINT_URL": "http://127.0.0.1:9/stage",
    "CONNECTIONS_TABLE": "connections",
    "LEDGER_TABLE": "ledger",
    "POWERTOOLS_METRICS_NAMESPACE": "benchmark",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
    "RETENTION_SECONDS": "3600",
    "TOKEN_KEYS_SECRET": "keys",
}


def measure(rounds: int) -> list[Start]:
    """Start every program in turns, after one round that leaves its bytecode compiled."""
    samples: dict[str, list[float]] = {name: [] for name in (CONTROL, *FUNCTIONS)}
    for number in range(rounds + 1):
        taken = {name: _milliseconds(program) for name, program in _PROGRAMS.items()}
        if number > 0:
            for name, times in samples.items():
                times.append(taken[name] - taken[_BARE])
    return [
        Start(
            name=name,
            milliseconds=percentiles(times),
            times_control=ratio(times, samples[CONTROL]),
            unused=_unused(name) if name in FUNCTIONS else [],
        )
        for name, times in samples.items()
    ]


def _unused(function: str) -> list[str]:
    loaded = json.loads(_run(_PROGRAMS[function] + _LOADED))
    return [name for name in _UNUSED[function] if name in loaded]


def _milliseconds(program: str) -> float:
    started = time.perf_counter()
    _run(program)
    return (time.perf_counter() - started) * 1000


def _run(program: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, "-c", program],
        cwd=_ROOT,
        env=_ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout
