"""The AWS usage of one wait: a browser connects, subscribes, is notified and disconnects.

Or its network blocks WebSockets, and it asks over HTTPS. All runs on the shipped handlers,
configured as in the template of `prod`, with tokens or without. The two minutes of a wait are
skipped: what depends on them is how often the page asks, and for how long its token is known.
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

from aws_cdk import App

from benchmarks.gateway import Apis, Counts, Gateway
from benchmarks.handler_process import HandlerProcess
from benchmarks.imports import FUNCTIONS
from benchmarks.metered import Json, metered_aws
from benchmarks.pace import poll_times
from infra.stack import NotifyStack
from infra.stages import PROD, Auth
from tools import ToolError
from tools.ministack import CREDENTIALS, REGION
from ws_notify import mint_token

Kind = Literal["socket", "invocation", "https", "blocked", "blocked_hidden"]
"""What a wait is published by, to a page with a WebSocket; or a wait all over HTTPS."""

BLOCKED: Final[tuple[Kind, ...]] = ("blocked", "blocked_hidden")

_REFS: Final[dict[Kind, str]] = {
    "socket": "12303",
    "invocation": "12304",
    "https": "12305",
    "blocked": "12306",
    "blocked_hidden": "12307",
}
"""Of each kind of wait: a ref without a notification."""

PINGS: Final = 2
"""Of a visible page that waits two minutes: every 50 seconds, the default of clients/js."""

MINUTES: Final = 2
_NOTIFICATIONS: Final = "POST /notifications"

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
    waits: Mapping[Kind, Counts]

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
    with ExitStack() as stack:
        endpoint, meter = stack.enter_context(metered_aws(tables, json.dumps(_KEYS)))
        functions = {
            _name(function): stack.enter_context(_started(id_, function, endpoint))
            for id_, function in _all(resources, "AWS::Lambda::Function").items()
        }
        gateway = Gateway(functions, meter, _apis(resources))
        _run_wait(gateway, "socket", "12302")
        waits = {kind: _run_wait(gateway, kind, ref) for kind, ref in _REFS.items()}
    return Stage(auth, resources, len(gateway.metrics), waits)


def _run_wait(gateway: Gateway, kind: Kind, ref: str) -> Counts:
    topic = {"merchant_id": "shop", "ref": ref}
    if kind in BLOCKED:
        _wait_over_https(gateway, topic, hidden=kind == "blocked_hidden")
        return gateway.counts()
    browser = gateway.connect(_token("frontend", ref))
    _expect("subscribed", gateway.send(browser, {"client": "frontend", **topic}))
    for _ in range(PINGS):
        _expect("pong", gateway.send(browser, {"action": "ping"}))
    if kind == "socket":
        backend = gateway.connect(_token("backend", None))
        _expect("receipt", gateway.send(backend, {**_PUBLISH, **topic}))
        gateway.disconnect(backend)
    elif kind == "invocation":
        _expect("receipt", gateway.invoke("default", {**_PUBLISH, **topic}))
    else:
        _publish_over_https(gateway, topic)
    gateway.disconnect(browser)
    return gateway.counts()


def _wait_over_https(gateway: Gateway, topic: Json, *, hidden: bool) -> None:
    token = _token("frontend", topic["ref"])
    *before, last = poll_times(60 * MINUTES, hidden=hidden)
    gateway.preflight()
    since: Json = {}
    for at in before:
        answer = gateway.request(_NOTIFICATIONS, token, {**topic, **since}, at=at)
        _require(answer["notifications"] == [], answer)
        since = {"since": answer["now"]}
    _publish_over_https(gateway, topic, accepted=0)
    answer = gateway.request(_NOTIFICATIONS, token, {**topic, **since}, at=last)
    _require(len(answer["notifications"]) == 1, answer)


def _publish_over_https(gateway: Gateway, topic: Json, *, accepted: int = 1) -> None:
    published = gateway.request("POST /publish", _token("backend", None), {**_PUBLISH, **topic})
    _expect("receipt", published, accepted)


def _token(client: Literal["frontend", "backend"], ref: str | None) -> str:
    ((kid, key),) = _KEYS.items()
    return mint_token(key, kid, client=client, merchant_id="shop", ref=ref)


def _expect(type_: str, reply: Json, accepted: int = 1) -> None:
    _require(reply["type"] == type_ and reply.get("accepted", accepted) == accepted, reply)


def _require(expected: bool, reply: Json) -> None:  # noqa: FBT001 - a condition
    if not expected:
        raise ToolError(f"the service answered {reply}, which was not expected")


def _apis(resources: Mapping[str, Json]) -> Apis:
    stages = _all(resources, "AWS::ApiGatewayV2::Stage").values()
    protocols = {
        id_: api["ProtocolType"] for id_, api in _all(resources, "AWS::ApiGatewayV2::Api").items()
    }
    formats = {
        protocols[stage["ApiId"]["Ref"]]: stage["AccessLogSettings"]["Format"] for stage in stages
    }
    authorizers = _all(resources, "AWS::ApiGatewayV2::Authorizer").values()
    return Apis(
        access_log=formats["WEBSOCKET"],
        http_access_log=formats["HTTP"],
        authorized_seconds=max(
            (one.get("AuthorizerResultTtlInSeconds", 0) for one in authorizers), default=0
        ),
    )


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
