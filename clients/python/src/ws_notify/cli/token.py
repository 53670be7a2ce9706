"""`ws-notify token`: mint a token, and print nothing else."""

import argparse
import getpass
import os
import sys

from ws_notify.cli import stage
from ws_notify.cli.failures import Failure, UsageError
from ws_notify.cli.options import Commands, command
from ws_notify.cli.terminal import say
from ws_notify.tokens import mint_token

_SHORTEST_KEY = 32


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "token",
        run,
        summary="mint a token and print it",
        more="The key is the stage's own with --stage; else it is read from the environment "
        "variable that --key-env names, or from standard input. It is never an argument, which "
        "others on this machine could see.",
        example='export WS_NOTIFY_TOKEN="$(ws-notify token --stage dev --client frontend '
        '--merchant shop --ref 12303)"',
    )
    parser.add_argument("--client", choices=("frontend", "backend"), required=True,
                        help="a frontend may only listen, a backend only publish")  # fmt: skip
    parser.add_argument("--merchant", required=True, help="the only merchant_id")
    parser.add_argument(
        "--ref",
        action="extend",
        nargs="+",
        help="the only refs, up to 20; a backend's may go without: every ref of its merchant",
    )
    parser.add_argument("--lifetime", type=int, default=3600, metavar="SECONDS",
                        help="default: an hour; less than a day")  # fmt: skip
    parser.add_argument("--kid", help="the key's name; with --stage, the newest by default")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--stage", metavar="NAME", help="signs with the key of this stage, read "
                        "from its secret (extra [aws])")  # fmt: skip
    source.add_argument("--key-env", metavar="NAME", help="the variable that holds the key")


def run(said: argparse.Namespace) -> int:
    """Mint. Raises UsageError for what makes no token, Failure without a key."""
    kid, key = _stages_key(said) if said.stage else (_kid(said), _key(said))
    if not isinstance(key, str) or len(key) < _SHORTEST_KEY:
        raise Failure(f"The key is too short: those of a stage have {_SHORTEST_KEY} or more")
    try:
        say(
            mint_token(
                key,
                kid,
                client=said.client,
                merchant_id=said.merchant,
                ref=said.ref,
                lifetime=said.lifetime,
            )
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    return 0


def _stages_key(said: argparse.Namespace) -> tuple[str, str]:
    keys = stage.find(said.stage).keys()
    kid = said.kid or list(keys)[-1]
    if kid not in keys:
        raise Failure(f"The stage has no key {kid!r}, only {', '.join(map(repr, keys))}")
    return kid, keys[kid]


def _kid(said: argparse.Namespace) -> str:
    if not said.kid:
        raise UsageError("--kid is missing: which key is it? Or pass --stage")
    kid: str = said.kid
    return kid


def _key(said: argparse.Namespace) -> str:
    if said.key_env:
        if key := os.environ.get(said.key_env):
            return key
        raise Failure(f"{said.key_env} is not set in the environment")
    if sys.stdin.isatty():
        return getpass.getpass("key: ")
    return sys.stdin.readline().rstrip("\r\n")
