"""`ws-notify publish`: publish a notification, and print its receipt."""

import argparse
import dataclasses
import json
from typing import Any

from ws_notify.cli.failures import Failure, UsageError
from ws_notify.cli.options import (
    Commands,
    add_command,
    add_stage_options,
    add_token_option,
    endpoint_of,
)
from ws_notify.cli.terminal import GREEN, escape, print_result, styled
from ws_notify.client import Client
from ws_notify.exceptions import DeadlineError, RefusedError
from ws_notify.values import Receipt


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
    parser.add_argument("--json", action="store_true", help="the receipt as one line of JSON")
    add_stage_options(parser)
    add_token_option(parser)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 24 * 60 * 60:
        raise argparse.ArgumentTypeError("more than 0, at most a day")
    return seconds


def run(args: argparse.Namespace) -> int:
    """Publish. Raises Failure, with what to do."""
    endpoint = endpoint_of(args, "backend", [args.ref])
    token: Any = endpoint.token  # never a coroutine function, which an Endpoint may have, too
    try:
        with Client(endpoint.url, token=token) as client:
            receipt = client.publish(
                merchant_id=args.merchant,
                ref=args.ref,
                project=args.project,
                type=args.type,
                status=args.status,
                message=args.message,
                id=args.id,
                deadline=args.deadline,
            )
    except RefusedError as error:
        raise Failure(_refusal(error)) from error
    except DeadlineError as error:
        again = "(--id): subscribers drop the duplicate"
        raise Failure(f"{error} {again}. `ws-notify doctor` finds out why") from error
    except ValueError as error:
        raise UsageError(str(error)) from error
    print_result(json.dumps(dataclasses.asdict(receipt)) if args.json else _text(receipt))
    return 0


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
