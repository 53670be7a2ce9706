"""`ws-notify publish`: publish a notification, and print its receipt."""

import argparse
import dataclasses
import json
import sys
from typing import Any

from ws_notify.cli.failures import Failure, OutputError, UsageError
from ws_notify.cli.options import (
    Commands,
    add_command,
    add_http_option,
    add_stage_options,
    add_token_option,
    endpoint_of,
    http_endpoint_of,
)
from ws_notify.cli.terminal import GREEN, escape, print_result, styled
from ws_notify.client import Client
from ws_notify.exceptions import DeadlineError, RefusedError
from ws_notify.http_publisher import HttpPublisher
from ws_notify.values import Receipt

_ARGUMENTS = frozenset(
    {"merchant_id", "ref", "project", "type", "message", "status", "id", "deadline"}
)


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "publish",
        run,
        summary="publish a notification and print its receipt",
        more="Tries again with the same id until the deadline. Without a receipt by then, it "
        "prints the --id with which a repetition is safe: subscribers drop the duplicate.",
        example="ws-notify publish --stage dev shop 12303 'The report is there' --type report",
    )
    parser.add_argument("merchant", metavar="MERCHANT", help="the merchant_id")
    parser.add_argument("ref", metavar="REF")
    parser.add_argument("message", metavar="MESSAGE")
    parser.add_argument("--project", default="ws-notify", help="default: %(default)s")
    parser.add_argument("--type", default="message", help="default: %(default)s")
    parser.add_argument("--status", choices=("done", "failed"), default="done",
                        help="default: %(default)s")  # fmt: skip
    parser.add_argument("--id", help="makes a repetition safe; generated where it is missing")
    parser.add_argument("--deadline", type=_seconds, default=10.0, metavar="SECONDS",
                        help="default: 10")  # fmt: skip
    parser.add_argument("--field", action="append", default=[], type=_field, metavar="NAME=VALUE",
                        help="a further field, repeatable; the value is JSON if it parses, "
                        "else text")  # fmt: skip
    parser.add_argument("--json", nargs="?", const="", metavar="OBJECT",
                        help="the receipt as one line of JSON; with a JSON object, or `-` for one "
                        "on standard input, its fields are published, too")  # fmt: skip
    add_stage_options(parser)
    add_http_option(parser)
    add_token_option(parser)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 24 * 60 * 60:
        raise argparse.ArgumentTypeError("more than 0, at most a day")
    return seconds


def _field(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError("as NAME=VALUE, e.g. amount=10.100 or paid=true")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def separate_json(arguments: list[str]) -> list[str]:
    """Return the arguments with a bare `--json` as `--json=`, so that no MERCHANT is its value."""
    if arguments[:1] != ["publish"]:
        return arguments
    follows = [*arguments[1:], ""]
    return [
        "--json=" if each == "--json" and next_ != "-" and next_[:1] not in ("{", "[") else each
        for each, next_ in zip(arguments, follows, strict=True)
    ]


def _further(args: argparse.Namespace) -> dict[str, Any]:
    """Return the further fields. Raises UsageError."""
    text = args.json
    if text == "-":
        if sys.stdin is None or sys.stdin.closed:
            raise UsageError("--json -: standard input is closed; nothing was published")
        try:
            text = sys.stdin.read()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--json -: standard input cannot be read: {error}") from error
        text = text or " "
    fields: Any = {}
    if text:
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            fields = None
        if not isinstance(fields, dict):
            raise UsageError('--json takes one JSON object, e.g. \'{"amount": "10.100"}\'')
    fields |= dict(args.field)
    if known := _ARGUMENTS & fields.keys():
        raise UsageError(f"{sorted(known)} have options or arguments of their own")
    return dict(fields)


def run(args: argparse.Namespace) -> int:
    """Publish. Raises Failure, with what to do."""
    further = _further(args)
    try:
        with _publisher(args) as publisher:
            receipt = publisher.publish(
                merchant_id=args.merchant,
                ref=args.ref,
                project=args.project,
                type=args.type,
                status=args.status,
                message=args.message,
                id=args.id,
                deadline=args.deadline,
                **further,
            )
    except RefusedError as error:
        raise Failure(_refusal(error)) from error
    except DeadlineError as error:
        again = "(--id): subscribers drop the duplicate"
        doctor = "ws-notify doctor --http" if args.http else "ws-notify doctor"
        raise Failure(f"{error} {again}. `{doctor}` finds out why") from error
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from error
    shown = _text(receipt) if args.json is None else json.dumps(dataclasses.asdict(receipt))
    try:
        print_result(shown)
    except BrokenPipeError:
        raise
    except (OSError, OutputError) as error:
        raise OutputError(f"published as {receipt.id}, but not shown: {error}") from error
    return 0


def _publisher(args: argparse.Namespace) -> Client | HttpPublisher:
    """Return what publishes. Raises UsageError, Failure."""
    token: Any  # never a coroutine function, which an endpoint may have, too
    if args.http:
        there = http_endpoint_of(args, [args.ref])
        token = there.token
        return HttpPublisher(there.url, token=token)
    endpoint = endpoint_of(args, "backend", [args.ref])
    token = endpoint.token
    return Client(endpoint.url, token=token)


def _refusal(error: RefusedError) -> str:
    where = f", field {error.field}" if error.field else ""
    named = f" (request {error.request_id})" if error.request_id else ""
    return f"refused, {error.code}{where}: {error.message}{named}"


def _text(receipt: Receipt) -> str:
    stored = "had been stored before" if receipt.duplicate else "stored"
    outcomes = [f"accepted by {_connections(receipt.accepted)}"]
    if receipt.gone:
        outcomes.append(f"{_connections(receipt.gone)} found dead and forgotten")
    if receipt.failed:
        outcomes.append(f"{_connections(receipt.failed)} failed and get it at their next subscribe")
    return (
        f"{styled(stored, GREEN)}, {', '.join(outcomes)}\n"
        f"id {escape(receipt.id)}, sent at {escape(receipt.sent_at)}"
    )


def _connections(number: int) -> str:
    return f"{number} connection" + "s" * (number != 1)
