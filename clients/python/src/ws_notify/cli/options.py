"""The options that commands share: which stage, as whom."""

import argparse
import functools
import os
from collections.abc import Callable, Sequence
from typing import Any, Literal

from ws_notify.address import Address, TokenFunction
from ws_notify.cli import stage
from ws_notify.cli.failures import UsageError
from ws_notify.timing import Timing

Commands = Any
"""What `add_subparsers` returns; argparse has no public name for it."""

_TOKEN, _BACKEND_TOKEN, _URL = "WS_NOTIFY_TOKEN", "WS_NOTIFY_BACKEND_TOKEN", "WS_NOTIFY_URL"


def command(  # noqa: PLR0913 - a command has these parts
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
    """Wraps the description as usual, and leaves the example alone."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith("example:"):
            return text
        return super()._fill_text(text, width, indent)


def add_address(parser: argparse.ArgumentParser) -> None:
    """Let the stage be named."""
    group = parser.add_argument_group("which stage")
    either = group.add_mutually_exclusive_group()
    either.add_argument("--url", help=f"its address, wss://...; or {_URL} in the environment")
    either.add_argument(
        "--stage",
        metavar="NAME",
        help="finds the address in the outputs of the stack OttuWsNotify-NAME, with your AWS "
        f"credentials and region; `local` in {stage.LOCAL_OUTPUTS}, of a `make run` in this folder",
    )


def add_token(parser: argparse.ArgumentParser) -> None:
    """Let a token be given."""
    parser.add_argument(
        "--token",
        help=f"where the stage asks for one; better {_TOKEN} in the environment, where no `ps` "
        "sees it. With --stage and none, it is minted with the stage's key",
    )


def add_both_tokens(parser: argparse.ArgumentParser) -> None:
    """Let a token to listen and one to publish be given."""
    add_token(parser)
    parser.add_argument(
        "--backend-token",
        metavar="TOKEN",
        help=f"a second one, to publish with; or {_BACKEND_TOKEN}. With --stage and none of the "
        "two, both are minted",
    )


def stage_of(said: argparse.Namespace) -> stage.Stage | None:
    """Return the stage, where it is given by its name. Raises Failure."""
    return stage.find(said.stage) if said.stage else None


def address_of(
    said: argparse.Namespace, client: Literal["frontend", "backend"], refs: Sequence[str]
) -> Address:
    """Return the address and the token for these refs of the merchant. Raises UsageError, Failure.

    Without a token, one is minted with the key of a stage that has one, anew for each connect.
    """
    found, token = stage_of(said), token_of(said)
    if token or not (found and found.has_keys):
        return address(said, found, token)
    mint = functools.partial(found.minter(), client=client, merchant_id=said.merchant, ref=refs)
    try:
        mint()
    except ValueError as error:
        raise UsageError(str(error)) from error
    return address(said, found, mint)


def address(
    said: argparse.Namespace, found: stage.Stage | None, token: str | TokenFunction | None
) -> Address:
    """Return the address of a stage that was looked for before. Raises UsageError."""
    url = found.url if found else said.url or os.environ.get(_URL)
    if not url:
        raise UsageError(f"Which stage? Pass --url wss://... or --stage dev, or set {_URL}")
    try:
        return Address(url, token, Timing())
    except ValueError as error:
        raise UsageError(str(error)) from error


def token_of(said: argparse.Namespace) -> str | None:
    """Return the token, if there is one."""
    return said.token or os.environ.get(_TOKEN) or None


def tokens_of(said: argparse.Namespace) -> list[str]:
    """Return the tokens that there are."""
    given = (token_of(said), said.backend_token or os.environ.get(_BACKEND_TOKEN))
    return [token for token in given if token]
