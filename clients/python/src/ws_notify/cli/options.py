"""The options that commands share: the stage and the tokens."""

import argparse
import functools
import os
from collections.abc import Callable, Sequence
from typing import Any, Literal

from ws_notify.cli import stage
from ws_notify.cli.failures import UsageError
from ws_notify.credentials import clean_token
from ws_notify.endpoint import Endpoint, TokenFunction
from ws_notify.http_endpoint import HttpEndpoint
from ws_notify.timeouts import Timeouts

Commands = Any
"""What `add_subparsers` returns; argparse has no public name for it."""

_TOKEN, _BACKEND_TOKEN, _URL = "WS_NOTIFY_TOKEN", "WS_NOTIFY_BACKEND_TOKEN", "WS_NOTIFY_URL"
_HTTP_URL = "WS_NOTIFY_HTTP_URL"


def add_command(  # noqa: PLR0913 - a command has these parts
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    summary: str,
    more: str,
    example: str,
) -> argparse.ArgumentParser:
    """Add a command, with an example at the end of its help."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. {more}",
        epilog=f"example:\n  {example}",
        formatter_class=_Formatter,
    )
    parser.set_defaults(run=run, parser=parser)
    return parser


class _Formatter(argparse.HelpFormatter):
    """Wraps the description, but not the example."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith("example:"):
            return text
        return super()._fill_text(text, width, indent)


def add_stage_options(parser: argparse.ArgumentParser) -> None:
    """Add `--url` and `--stage`."""
    group = parser.add_argument_group("which stage")
    either = group.add_mutually_exclusive_group()
    either.add_argument("--url", help=f"its URL, wss://...; or {_URL} in the environment")
    either.add_argument(
        "--stage",
        metavar="NAME",
        help="finds the URL in the outputs of the stack OttuWsNotify-NAME, with your AWS "
        f"credentials and region; `local` in {stage.LOCAL_OUTPUTS}, of a `make run` in this folder",
    )


def add_http_option(parser: argparse.ArgumentParser) -> None:
    """Add `--http`."""
    parser.add_argument(
        "--http",
        action="store_true",
        help=f"over HTTPS, without a WebSocket: --url https://..., or {_HTTP_URL}, is the output "
        f"{stage.HTTP_URL}",
    )


def add_token_option(parser: argparse.ArgumentParser) -> None:
    """Add `--token`."""
    parser.add_argument(
        "--token",
        help=f"where the stage requires one; better {_TOKEN} in the environment, where no `ps` "
        "sees it. With --stage and none, it is minted with the stage's key",
    )


def add_token_options(parser: argparse.ArgumentParser) -> None:
    """Add `--token` and `--backend-token`."""
    add_token_option(parser)
    parser.add_argument(
        "--backend-token",
        metavar="TOKEN",
        help=f"a second one, to publish with; or {_BACKEND_TOKEN}. With --stage and none of the "
        "two, both are minted",
    )


def find_stage(args: argparse.Namespace) -> stage.Stage | None:
    """Return the stage that `--stage` names, if any. Raises Failure."""
    return stage.find(args.stage) if args.stage else None


def endpoint_of(
    args: argparse.Namespace, client: Literal["frontend", "backend"], refs: Sequence[str]
) -> Endpoint:
    """Return the endpoint, with a token for these refs. Raises UsageError, Failure.

    Without a token, one is minted with the key of a stage that has one, anew for each connect.
    """
    found = find_stage(args)
    return build_endpoint(args, found, _token_or_mint(args, found, client, refs))


def http_endpoint_of(args: argparse.Namespace, refs: Sequence[str]) -> HttpEndpoint:
    """Return the endpoint for HTTPS, with a backend's token as `endpoint_of` has it."""
    found = find_stage(args)
    return build_http_endpoint(args, found, _token_or_mint(args, found, "backend", refs))


def _token_or_mint(
    args: argparse.Namespace,
    found: stage.Stage | None,
    client: Literal["frontend", "backend"],
    refs: Sequence[str],
) -> str | TokenFunction | None:
    token = token_of(args)
    if token or not (found and found.has_keys):
        return token
    mint = functools.partial(
        found.keys().mint_token, client=client, merchant_id=args.merchant, ref=refs
    )
    try:
        mint()
    except ValueError as error:
        raise UsageError(str(error)) from error
    return mint


def build_endpoint(
    args: argparse.Namespace, found: stage.Stage | None, token: str | TokenFunction | None
) -> Endpoint:
    """Return the endpoint of a stage, or of `--url`. Raises UsageError."""
    url = found.url if found else args.url or os.environ.get(_URL)
    if not url:
        raise UsageError(f"Which stage? Pass --url wss://... or --stage dev, or set {_URL}")
    try:
        return Endpoint(url, token, Timeouts())
    except ValueError as error:
        raise UsageError(str(error)) from error


def build_http_endpoint(
    args: argparse.Namespace, found: stage.Stage | None, token: str | TokenFunction | None
) -> HttpEndpoint:
    """Return the endpoint of a stage for HTTPS, or of `--url`. Raises UsageError, Failure."""
    url = found.http_url if found else args.url or os.environ.get(_HTTP_URL)
    if not url:
        raise UsageError(f"Which stage? Pass --url https://... or --stage dev, or set {_HTTP_URL}")
    try:
        return HttpEndpoint(url, token, Timeouts())
    except ValueError as error:
        raise UsageError(str(error)) from error


def token_of(args: argparse.Namespace) -> str | None:
    """Return the token, if one was given. Raises UsageError."""
    return _clean(args.token or os.environ.get(_TOKEN))


def tokens_of(args: argparse.Namespace) -> list[str]:
    """Return the tokens that were given. Raises UsageError."""
    given = (token_of(args), _clean(args.backend_token or os.environ.get(_BACKEND_TOKEN)))
    return [token for token in given if token]


def _clean(token: str | None) -> str | None:
    try:
        return clean_token(token)
    except ValueError as error:
        raise UsageError(str(error)) from None
