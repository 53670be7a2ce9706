"""What `make run` prints once the stage answers: addresses, tokens, and commands to paste."""

import json
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from tools.console import link
from tools.deploy import STAGE, LocalStage
from tools.network import EVERYWHERE, LOOPBACK, addresses, at
from tools.terminal import bold

_TASK = {"merchant_id": "shop", "ref": "42"}
_SUBSCRIBE = {"client": "frontend", **_TASK}
_PUBLISH = {
    "client": "backend",
    **_TASK,
    "project": "demo",
    "type": "payment",
    "status": "done",
    "message": "paid",
}


def welcome(stage: LocalStage, auth: str, page: str, host: str) -> str:
    """Return the text; `page` is the console's URL, `host` where both listen."""
    client = str(Path(".venv/bin/wsdump"))
    merchant, ref = _TASK["merchant_id"], _TASK["ref"]
    url, http_url, exposure = stage.url, stage.http_url, ""
    if host == EVERYWHERE:
        known = addresses() or [LOOPBACK]
        exposure = _exposure(known, stage.url, page)
        url, http_url, page = (at(known[0], each) for each in (url, http_url, page))
    to_listen = to_publish = url
    tokens, header = "", []
    if auth != "off":
        frontend, backend = stage.token("frontend", merchant, ref), stage.token("backend", merchant)
        to_listen, to_publish = (f"{url}?token={token}" for token in (frontend, backend))
        header = ["-H", f"Authorization: Bearer {backend}"]
        tokens = f"""
{bold("A frontend's token")}, for merchant {merchant} and ref {ref}, for an hour:

  {frontend}

{bold("A backend's token")}, for merchant {merchant}, for an hour:

  {backend}

`make -s token STAGE={STAGE} CLIENT=frontend MERCHANT=... REF=...` mints others.
"""
    listen = shlex.join((client, "--raw", "--text", json.dumps(_SUBSCRIBE), to_listen))
    publish = shlex.join(
        (client, "--raw", "--eof-wait", "1", "--text", json.dumps(_PUBLISH), to_publish)
    )
    post = shlex.join(("curl", *header, "-d", json.dumps(_PUBLISH), f"{http_url}/publish"))
    # wsdump and curl take even a loopback address through the proxy that the environment names.
    direct = f"no_proxy={urlsplit(url).hostname} " if getproxies() else ""
    return f"""
{bold(url)}
{exposure}{tokens}
Listen, in another terminal, in this folder:

  {direct}{listen}

Publish, in a third; its receipt says how many got it:

  {direct}{publish} </dev/null

Or publish without a WebSocket; requests over HTTP are below {http_url}:

  {direct}{post}

Or do both in a browser, on the console:

  {link(page, url, merchant, ref, http_url)}

Ctrl-C stops it. `make env STAGE={STAGE}` prints the environment for use in process."""


def _exposure(known: list[str], url: str, page: str) -> str:
    first, *others = known
    also = f", and this machine is {' and '.join(others)} as well" if others else ""
    ports = f"{urlsplit(url).port} (the local AWS) and {urlsplit(page).port} (the console)"
    here = re.escape(LOOPBACK)
    return f"""
{bold("Warning")}: everyone in the networks of this machine can reach its ports {ports},
without TLS or a password: read, publish, and run programs here as you, since the local AWS runs the
functions that it is given. Only in a network that you trust.

A phone opens the console below. A container takes the address above, or the environment that this
prints; here {url} stays{also}.

  make -s env STAGE={STAGE} | sed -e 's/{here}/{first}/' -e 's/localhost/{first}/'
"""
