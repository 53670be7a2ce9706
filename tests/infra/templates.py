"""A synthesised template, asked by type and property: no test names a hashed logical id."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

Json = dict[str, Any]

_TABLE = "AWS::DynamoDB::Table"
_FUNCTION = "AWS::Lambda::Function"
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a type
_QUEUES = {
    "PublishQueueUrl": "publish queue",
    "QueueDeadLettersUrl": "queue dead letters",
    "EventDeadLettersUrl": "event dead letters",
}
_HANDLERS = {
    "connect": "lambdas.connect.handler.handler",
    "default": "lambdas.default.handler.handler",
    "disconnect": "lambdas.disconnect.handler.handler",
    "authorizer": "lambdas.connect.authorizer.handler",
}


@dataclass(frozen=True, slots=True)
class Resource:
    id: str
    body: Json

    @property
    def properties(self) -> Json:
        found: Json = self.body.get("Properties", {})
        return found


@dataclass(frozen=True, slots=True)
class Template:
    body: Json

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls(json.loads(path.read_text()))

    def all(self, type_: str) -> list[Resource]:
        resources = self.body["Resources"].items()
        return [Resource(id_, body) for id_, body in resources if body["Type"] == type_]

    def one(self, type_: str) -> Resource:
        (found,) = self.all(type_)
        return found

    @property
    def websocket_api(self) -> Resource:
        return self._api("WEBSOCKET")

    @property
    def http_api(self) -> Resource:
        return self._api("HTTP")

    def _api(self, protocol: str) -> Resource:
        apis = self.all("AWS::ApiGatewayV2::Api")
        (found,) = (api for api in apis if api.properties["ProtocolType"] == protocol)
        return found

    def of_api(self, api: Resource, kind: str) -> list[Resource]:
        """Return an API's resources of a kind: Route, Stage, Authorizer, Integration."""
        found = self.all(f"AWS::ApiGatewayV2::{kind}")
        return [each for each in found if each.properties["ApiId"] == {"Ref": api.id}]

    def stage_of(self, api: Resource) -> Resource:
        (found,) = self.of_api(api, "Stage")
        return found

    def function(self, name: str) -> Resource:
        return self.functions[name]

    @property
    def functions(self) -> dict[str, Resource]:
        """Every function, by the name of its route; the authorizer by its own."""
        names = {handler: name for name, handler in _HANDLERS.items()}
        found = self.all(_FUNCTION)
        named = {names[function.properties["Handler"]]: function for function in found}
        assert len(named) == len(found)
        return named

    @property
    def connections(self) -> Resource:
        (found,) = (t for t in self.all(_TABLE) if _sort_key(t) == "merchant_id#ref")
        return found

    @property
    def ledger(self) -> Resource:
        (found,) = (t for t in self.all(_TABLE) if _sort_key(t) == "entry")
        return found

    @property
    def queues(self) -> dict[str, Resource]:
        """The queues of publishers, by their names in `text`."""
        outputs = self.body["Outputs"]
        ids = {
            outputs[url]["Value"]["Ref"]: name for url, name in _QUEUES.items() if url in outputs
        }
        return {ids[queue.id]: queue for queue in self.all("AWS::SQS::Queue")}

    @property
    def outputs(self) -> dict[str, str]:
        return {name: self.text(o["Value"]) for name, o in self.body["Outputs"].items()}

    def log_group_of(self, function: Resource) -> Resource:
        id_ = function.properties["LoggingConfig"]["LogGroup"]["Ref"]
        (found,) = (group for group in self.all("AWS::Logs::LogGroup") if group.id == id_)
        return found

    def permissions(self, function: Resource) -> set[tuple[str, str]]:
        """Every (action, resource) that the function's role allows."""
        role = function.properties["Role"]["Fn::GetAtt"][0]
        attached = [
            policy.properties["PolicyDocument"]
            for policy in self.all("AWS::IAM::Policy")
            if {"Ref": role} in policy.properties["Roles"]
        ]
        body = self.body["Resources"][role]["Properties"]
        inline = [policy["PolicyDocument"] for policy in body.get("Policies", [])]
        return {
            (action, self.text(resource))
            for document in (*attached, *inline)
            for statement in document["Statement"]
            for action in _listed(statement["Action"])
            for resource in _listed(statement["Resource"])
            if statement["Effect"] == "Allow" and not statement.get("Condition")
        }

    def text(self, value: Any) -> str:
        """Write a value as one text, what is known only at deployment as <name> or <name.Arn>."""
        match value:
            case str():
                return value
            case {"Ref": name}:
                return f"<{self._called(name)}>"
            case {"Fn::GetAtt": [name, attribute]}:
                return f"<{self._called(name)}.{attribute}>"
            case {"Fn::Join": [separator, parts]}:
                joined: str = separator.join(self.text(part) for part in parts)
                return joined
            case _:
                raise AssertionError(f"cannot read {value}")

    def _called(self, id_: str) -> str:
        if id_.startswith("AWS::"):
            return id_
        names = {
            self.connections.id: "connections",
            self.ledger.id: "ledger",
            self.websocket_api.id: "api",
            self.http_api.id: "http api",
        }
        for name, function in self.functions.items():
            names[function.id] = name
            names[self.log_group_of(function).id] = f"{name} logs"
        names.update((queue.id, name) for name, queue in self.queues.items())
        names.update((secret.id, "token keys") for secret in self.all(_SECRET))
        type_: str = self.body["Resources"][id_]["Type"]
        return names.get(id_, type_)


def _sort_key(table: Resource) -> str:
    (key,) = (k for k in table.properties["KeySchema"] if k["KeyType"] == "RANGE")
    name: str = key["AttributeName"]
    return name


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
