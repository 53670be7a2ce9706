"""The AWS usage of one wait: a browser connects, subscribes, is notified and disconnects.

It runs on the shipped handlers, configured as in the template of `prod`, with tokens or without.
The two minutes of a wait are skipped: no call depends on them.
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

from aws_cdk import App

from benchmarks.gateway import Counts, Gateway
from benchmarks.handler_process import HandlerProcess
from benchmarks.imports import FUNCTIONS
from benchmarks.metered import Json, metered_aws
from infra.stack import NotifyStack
from infra.stages import PROD, Auth
from tools import ToolError
from tools.ministack import CREDENTIALS, REGION
from ws_notify import mint_token

By = Literal["socket", "invocation"]

_REFS: Final[dict[By, str]] = {"socket": "12303", "invocation": "12304"}
"""Of each kind of wait: a ref without a notification."""

PINGS: Final = 2
"""Of a visible page that waits two minutes: every 50 seconds, the default of clients/js."""

_KEYS: Final = {"first": "k" * 64}
_TRACE: Final = "Root=1-6b03d0d8-5f1e2d3c4b5a69788796a5b4;Parent=5f1e2d3c4b5a6978;Sampled=0"
_PUBLISH: Final = {
    "client": "backend",
    "project": "checkout",
    "type": "payment",
    "status": "done",
    "message": "paid",
    "id": "payment-12303-done",
    "amount": "10.100",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """The resources of a stage, its number of custom metrics, and the usage of each wait."""

    auth: Auth
    resources: Mapping[str, Json]
    metrics: int
    waits: Mapping[By, Counts]

    def all(self, type_: str) -> dict[str, Json]:
        """Return the properties of all resources of a type, by their logical ids."""
        return _all(self.resources, type_)

    @property
    def memory_mb(self) -> dict[str, int]:
        """The memory of each function, by its name."""
        functions = self.all("AWS::Lambda::Function").values()
        return {_name(function): function["MemorySize"] for function in functions}


def count(auth: Auth) -> Stage:
    """Run a wait of each kind, after one that is not counted and takes the cold starts."""
    resources = _synthesise(auth)
    tables = _all(resources, "AWS::DynamoDB::Table")
    apis = _all(resources, "AWS::ApiGatewayV2::Api")
    stages = _all(resources, "AWS::ApiGatewayV2::Stage").values()
    (api,) = (
        stage for stage in stages if apis[stage["ApiId"]["Ref"]]["ProtocolType"] == "WEBSOCKET"
    )
    with ExitStack() as stack:
        endpoint, meter = stack.enter_context(metered_aws(tables, json.dumps(_KEYS)))
        functions = {
            _name(function): stack.enter_context(_started(id_, function, endpoint))
            for id_, function in _all(resources, "AWS::Lambda::Function").items()
        }
        gateway = Gateway(functions, meter, api["AccessLogSettings"]["Format"])
        _run_wait(gateway, "socket", "12302")
        waits = {by: _run_wait(gateway, by, ref) for by, ref in _REFS.items()}
    return Stage(auth, resources, len(gateway.metrics), waits)


def _run_wait(gateway: Gateway, by: By, ref: str) -> Counts:
    topic = {"merchant_id": "shop", "ref": ref}
    publish = {**_PUBLISH, **topic}
    browser = gateway.connect(_token("frontend", ref))
    _expect("subscribed", gateway.send(browser, {"client": "frontend", **topic}))
    for _ in range(PINGS):
        _expect("pong", gateway.send(browser, {"action": "ping"}))
    if by == "socket":
        backend = gateway.connect(_token("backend", None))
        _expect("receipt", gateway.send(backend, publish))
        gateway.disconnect(backend)
    else:
        _expect("receipt", gateway.invoke("default", publish))
    gateway.disconnect(browser)
    return gateway.counts()


def _token(client: Literal["frontend", "backend"], ref: str | None) -> str:
    ((kid, key),) = _KEYS.items()
    return mint_token(key, kid, client=client, merchant_id="shop", ref=ref)


def _expect(type_: str, reply: Json) -> None:
    if reply["type"] != type_ or reply.get("accepted", 1) != 1:
        raise ToolError(f"the service answered {reply}, where one {type_} was expected")


def _synthesise(auth: Auth) -> dict[str, Json]:
    with TemporaryDirectory() as out:
        app = App(outdir=out, analytics_reporting=False)
        name = NotifyStack(app, replace(PROD, auth=auth), local_port=0).stack_name
        resources: dict[str, Json] = app.synth().get_stack_by_name(name).template["Resources"]
    return resources


def _all(resources: Mapping[str, Json], type_: str) -> dict[str, Json]:
    found = resources.items()
    return {id_: one["Properties"] for id_, one in found if one["Type"] == type_}


def _name(function: Json) -> str:
    module = function["Handler"].removesuffix(".handler")
    return next(name for name, path in FUNCTIONS.items() if path == module)


def _started(id_: str, function: Json, endpoint: str) -> HandlerProcess:
    """Start a function with its variables, all of AWS being at `endpoint`."""

    def resolved(value: Any) -> str:
        match value:
            case str():
                return value
            case {"Ref": named}:  # a table, a secret: named as in the template
                return str(named)
            case _:  # an endpoint, known only at deployment
                return endpoint

    variables: dict[str, Any] = function["Environment"]["Variables"]
    own = {name: resolved(value) for name, value in variables.items()}
    aws = {
        **CREDENTIALS,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "_X_AMZN_TRACE_ID": _TRACE,
    }
    name = f"OttuWsNotify-{PROD.name}-{id_}-Ab3dEf6hIj9l"  # as CloudFormation makes them
    context = {
        "function_name": name,
        "function_version": "$LATEST",
        "memory_limit_in_mb": function["MemorySize"],
        "invoked_function_arn": f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
    }
    return HandlerProcess(function["Handler"].removesuffix(".handler"), aws | own, context)
