"""Every forgery over HTTPS: at the authorizer, at `default`, at a deployed stage."""

import itertools
import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from lambdas.layer.auth.principal import Identity
from lambdas.layer.items import TOPIC_KEY
from tests.fuzz.attempts import ACCEPTED, Attempt, fits_a_header, group_of, sampled
from tests.fuzz.functions import authorize_request, functions, invoke
from tests.fuzz.http_requests import POLL, PUBLISH, HttpRequest
from tests.fuzz.product import forged_requests
from tests.fuzz.recorder import Recorder
from tests.kit.deployed import items, session
from tests.kit.events import captured
from tests.kit.forgeries import FORGERIES
from tests.kit.frames import publish
from tests.kit.http import ask
from tests.kit.peer import peer, publication
from tools.deploy import LocalStage

FORBIDDEN, UNAUTHORIZED = HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED

_PATHS: Final = ("/publish", "/notifications")
_MERCHANT: Final = "shop"
_REFS: Final = {"listed": "12303", "product": "1"}
"""What the tokens claim, of the table and of the product."""

_GENUINE: Final = "genuine"
"""How the id of what may be published begins."""

_WITHOUT_TOKEN: Final[dict[str, Mapping[str, str]]] = {
    "no header": {},
    "an empty header": {"Authorization": ""},
    "another header": {"X-Authorization": "Bearer a.b.c"},
    "another scheme": {"Authorization": "Basic dXNlcjpwYXNz"},
}


def listed_at_the_authorizer() -> Iterator[Attempt]:
    """Try each of the table on both routes, in both modes; each is denied, by an answer."""
    event = captured("http_authorize")
    for route, required in itertools.product((PUBLISH, POLL), (True, False)):
        for what, (text, _) in FORGERIES.items():
            if text != text.strip():  # a header's value has no white space around it
                continue
            event |= {"routeKey": route, "headers": {"authorization": f"Bearer {text}"}}
            try:
                answer = authorize_request(event, required=required)
            except Exception as error:  # noqa: BLE001 - API Gateway's 500, whatever it is
                answer = type(error).__name__
            denied = answer == {"isAuthorized": False}
            place = f"{what}, {route}, {'required' if required else 'optional'}"
            yield Attempt("listed", place, "denied" if denied else str(answer), denied)


def listed_at_default() -> Iterator[Attempt]:
    """Try each where a client could put it, beside no context of an authorizer."""
    for route, (what, (text, _)) in itertools.product((PUBLISH, POLL), FORGERIES.items()):
        forged = {"authorizer": {"lambda": {"client": "backend"}, "token": text}}
        body = publish(requestContext=forged, token=text, **forged)
        headers = {"authorization": f"Bearer {text}", "content-type": "application/json"}
        request = HttpRequest(route, body.encode(), None, headers)
        status, reply, did = _at_default(request)
        right = status == FORBIDDEN and not did.topics and not did.texts
        yield Attempt("listed", f"{what}, {route}", str(reply.get("code", ACCEPTED)), right)


def requests_at_default() -> Iterator[Attempt]:
    """Try every request; what its token does not allow must be forbidden and have no effect."""
    for forged, path, body, principal in forged_requests():
        context = principal.to_context() if isinstance(principal, Identity) else None
        request = HttpRequest(f"POST {path}", json.dumps(body).encode(), context, {})
        status, reply, did = _at_default(request)
        forbidden = (status, reply.get("code")) == (FORBIDDEN, "forbidden")
        answer = f"forbidden: {reply.get('field', 'no token')}" if forbidden else ACCEPTED
        untouched = not did.topics and not did.texts
        right = (forbidden and untouched) if forged else status == HTTPStatus.OK
        yield Attempt(group_of(forged), f"{', '.join(forged)} of {path} {body}", answer, right)


def _at_default(request: HttpRequest) -> tuple[int, dict[str, Any], Recorder]:
    function, did = functions()["default"], Recorder()
    function.HANDLER = did.handler()
    response = invoke(function, request.event)
    return response["statusCode"], json.loads(response["body"]), did


def requests(local: LocalStage, count: int, seed: str, *, required: bool) -> Iterator[Attempt]:
    """Send the whole table, and so many of the product, to a stage on both routes.

    A forged token gets API Gateway's 403, no token its 401 where one is required. Of all that a
    subscriber hears nothing, and nothing is stored. Any other request reaches the function.
    """
    with peer(f"{local.url}?token={local.token('frontend', _MERCHANT, *_REFS.values())}") as page:
        for ref in _REFS.values():
            page.subscribe(_MERCHANT, ref)
        before = _entries(local)
        for path, (name, headers) in itertools.product(_PATHS, _WITHOUT_TOKEN.items()):
            refused = None
            if required:
                refused = FORBIDDEN if name == "another scheme" else UNAUTHORIZED
            yield _sent(local, path, headers, "no token", name, refused)
        for group, what, text in sampled(local.keys()["first"], count, seed, whole=True):
            refused = None if group == "nothing" else FORBIDDEN
            for path in _PATHS if fits_a_header(text) else ():
                yield _sent(local, path, {"Authorization": f"Bearer {text}"}, group, what, refused)
        ids = [str(frame.get("id")) for frame in page.drain()]
        heard = [id_ for id_ in ids if not id_.startswith(_GENUINE)]
        written = [one for one in _entries(local) - before if f"#{_GENUINE}" not in one]
    yield Attempt("all of these", "what was heard", f"{len(heard)} heard", not heard)
    yield Attempt("all of these", "what was stored", f"{len(written)} stored", not written)


def _sent(  # noqa: PLR0913, PLR0917 - a request has these parts
    local: LocalStage,
    path: str,
    headers: Mapping[str, str],
    group: str,
    what: str,
    refused: HTTPStatus | None,
) -> Attempt:
    id_ = f"{_GENUINE if refused is None else 'forged'}-{uuid4()}"
    body = publication(_MERCHANT, _REFS.get(group, _REFS["product"]), id=id_)
    answer = ask(local.http_url, path, body, headers)
    from_function = "cache-control" in answer.headers
    expected = (200, 403) if refused is None else (refused,)  # a frontend may not publish
    right = answer.status in expected and from_function == (refused is None)
    text = ACCEPTED if from_function else f"status {answer.status}"
    return Attempt(group, f"{what}, {path}", text, right)


def _entries(local: LocalStage) -> set[str]:
    """Return what both tables hold of the topics, by their keys."""
    dynamodb = session().client("dynamodb", endpoint_url=local.endpoint)
    topics = [f"{_MERCHANT}#{ref}" for ref in _REFS.values()]
    return {
        f"{item[TOPIC_KEY]['S']} {item.get('entry', item.get('connection_id'))}"
        for item in items(dynamodb, local)
        if item[TOPIC_KEY]["S"] in topics
    }
