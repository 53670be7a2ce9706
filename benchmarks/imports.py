"""How long each function's handler takes to import, as Lambda does it, in turns.

Fresh interpreters of the functions' version, endpoints with TLS, nothing that can be written.
The control is what a function that speaks to DynamoDB and `@connections` through boto3 cannot do
without: boto3, the two clients and one TLS context. It has no layer on its path: boto3 starts
slower with awscrt beside it. Bare Python's own start is subtracted from all of them.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from benchmarks.figures import Start
from benchmarks.runtime import Runtime, build_runtime
from benchmarks.spread import percentiles, ratio
from tools.ministack import CREDENTIALS, REGION

CONTROL: Final = "import boto3, both clients, a TLS context"
FUNCTIONS: Final = {
    "authorizer": "lambdas.connect.authorizer",
    "connect": "lambdas.connect.handler",
    "disconnect": "lambdas.disconnect.handler",
    "default": "lambdas.default.handler",
}

_CONTROL: Final = (
    "import ssl, boto3; boto3.client('dynamodb'); boto3.client('apigatewaymanagementapi'); "
    "ssl.create_default_context()"
)
_LOADED: Final = "; import json, sys; print(json.dumps(sorted(sys.modules)))"

_NEVER: Final = ("aws_xray_sdk", "boto3", "pydantic")
_BOTOCORE: Final = "botocore."
"""Its `__init__`, which is empty, is loaded by Powertools; none of its modules is of use."""

_STORING: Final = ("lambdas.layer.aws.batches", "lambdas.layer.storage")
_POSTING: Final = (
    "lambdas.layer.aws.connections_api",
    "lambdas.layer.sender",
    "lambdas.layer.handler",
)
_READING_FRAMES: Final = ("fastjsonschema", "lambdas.layer.protocol.frames")
_READING_TOKENS: Final = ("jwt", "lambdas.layer.auth.keys", "lambdas.layer.auth.tokens")
UNUSED: Final = {
    # It holds what a token names against the rules for frames.
    "authorizer": (*_NEVER, *_STORING, *_POSTING),
    "connect": (*_NEVER, *_STORING, *_POSTING, *_READING_FRAMES, *_READING_TOKENS),
    "disconnect": (*_NEVER, *_POSTING, *_READING_FRAMES, *_READING_TOKENS),
    "default": (*_NEVER, *_READING_TOKENS),
}
"""What a function has no use for: it calls no AWS, never posts, reads no frame or no token."""

_ENVIRONMENT: Final = {
    **CREDENTIALS,
    "ALLOWED_ORIGINS": "",
    "AUTH": "required",
    "AWS_ENDPOINT_URL": "https://127.0.0.1:9",
    "CONNECTIONS_ENDPOINT_URL": "https://127.0.0.1:9/stage",
    "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
    "AWS_REGION": REGION,
    "CONNECTIONS_TABLE": "connections",
    "LEDGER_TABLE": "ledger",
    "POWERTOOLS_METRICS_NAMESPACE": "benchmark",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
    "RETENTION_SECONDS": "3600",
    "TOKEN_KEYS_SECRET": "keys",
}

_Program = tuple[str, bool]
"""What is imported, and whether it is compiled."""


def measure(rounds: int, folder: Path) -> list[Start]:
    """Start every program in turns, after one round to warm the disk's cache.

    What the functions start with is built into `folder`, once.
    """
    runtime = build_runtime(folder)
    programs = _programs(runtime)
    samples: dict[_Program, list[float]] = {program: [] for program in programs}
    for number in range(rounds + 1):
        bare = _milliseconds(lambda: runtime.run("pass", _ENVIRONMENT))
        taken = {program: _milliseconds(run) - bare for program, run in programs.items()}
        if number > 0:
            for program, times in samples.items():
                times.append(taken[program])
    return [
        Start(
            name=name,
            compiled=compiled,
            python=runtime.version,
            milliseconds=percentiles(times),
            times_control=ratio(times, samples[CONTROL, True]),
            unused=_unused(runtime, name) if name in FUNCTIONS else [],
        )
        for (name, compiled), times in samples.items()
    ]


def _programs(runtime: Runtime) -> Mapping[_Program, Callable[[], object]]:
    def function(module: str, *, compiled: bool) -> Callable[[], object]:
        path = runtime.path_of_function(compiled=compiled)
        return lambda: runtime.run(f"import {module}", _ENVIRONMENT, *path)

    return {
        (CONTROL, True): lambda: runtime.run(_CONTROL, _ENVIRONMENT, runtime.boto3),
        **{
            (name, compiled): function(module, compiled=compiled)
            for name, module in FUNCTIONS.items()
            for compiled in (True, False)
        },
    }


def _unused(runtime: Runtime, name: str) -> list[str]:
    program = f"import {FUNCTIONS[name]}{_LOADED}"
    loaded = json.loads(
        runtime.run(program, _ENVIRONMENT, *runtime.path_of_function(compiled=True))
    )
    found = [unused for unused in UNUSED[name] if unused in loaded]
    of_botocore = [module for module in loaded if module.startswith(_BOTOCORE)]
    return [*found, f"{len(of_botocore)} modules of botocore"] if of_botocore else found


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
