"""`ws-notify token`: mint a token, and print nothing else."""

import argparse
import getpass
import os
import sys

from ws_notify.cli import stage
from ws_notify.cli.failures import Failure, UsageError
from ws_notify.cli.options import Commands, add_command
from ws_notify.cli.terminal import print_result
from ws_notify.secret import MIN_KEY_LENGTH
from ws_notify.tokens import MAX_LIFETIME, mint_token


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
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
    parser.add_argument("--lifetime", type=_lifetime, default=3600, metavar="SECONDS",
                        help="default: an hour; less than a day")  # fmt: skip
    parser.add_argument("--kid", help="the key's name; with --stage, the current one by default")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--stage", metavar="NAME", help="signs with the key of this stage, read "
                        "from its secret (extra [aws])")  # fmt: skip
    source.add_argument("--key-env", metavar="NAME", help="the variable that holds the key")


def _lifetime(text: str) -> int:
    seconds = int(text)
    if not 0 < seconds < MAX_LIFETIME:  # not equal: the clock of AWS may be behind
        raise argparse.ArgumentTypeError(f"in seconds, more than 0 and less than {MAX_LIFETIME}")
    return seconds


def run(args: argparse.Namespace) -> int:
    """Mint. Raises UsageError for invalid claims, Failure and KeysError without a key."""
    kid, key = _stages_key(args) if args.stage else (_kid(args), _key(args))
    if len(key) < MIN_KEY_LENGTH:
        raise Failure(
            f"The key is too short: a stage's keys have at least {MIN_KEY_LENGTH} characters"
        )
    try:
        print_result(
            mint_token(
                key,
                kid,
                client=args.client,
                merchant_id=args.merchant,
                ref=args.ref,
                lifetime=args.lifetime,
            )
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    return 0


def _stages_key(args: argparse.Namespace) -> tuple[str, str]:
    signing = stage.find(args.stage).keys().signing_key(args.kid)
    return signing.kid, signing.key


def _kid(args: argparse.Namespace) -> str:
    if not args.kid:
        raise UsageError("--kid is missing: which key is it? Or pass --stage")
    kid: str = args.kid
    return kid


def _key(args: argparse.Namespace) -> str:
    if args.key_env:
        if key := os.environ.get(args.key_env):
            return key
        raise Failure(f"{args.key_env} is not set in the environment")
    if sys.stdin is None or sys.stdin.closed:
        raise Failure("Standard input is closed: pass the key there, or name it by --key-env")
    if sys.stdin.isatty():
        return getpass.getpass("key: ")
    return sys.stdin.readline().rstrip("\r\n")
