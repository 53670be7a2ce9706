"""`ws-notify listen`: print what is published to refs, as it arrives."""

import argparse
import json
import sys
import time
from datetime import datetime

from ws_notify.cli.options import (
    Commands,
    add_command,
    add_stage_options,
    add_token_option,
    endpoint_of,
)
from ws_notify.cli.tail import Interrupted, Ready, tail
from ws_notify.cli.terminal import (
    BOLD,
    DIM,
    GREEN,
    RED,
    YELLOW,
    escape,
    format_duration,
    print_error,
    print_result,
    print_status,
    styled,
)
from ws_notify.exceptions import WsNotifyError
from ws_notify.fields import build_topics
from ws_notify.values import Notification, parse_time


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "listen",
        run,
        summary="print what is published to one or several refs, as it arrives",
        more="Begins with the last hour. Prints the time, how long it took "
        "from the service to here by this machine's clock, ref, status and message. Reconnects by "
        "itself and gets what it missed meanwhile. Ctrl-C ends it.",
        example="ws-notify listen --stage dev shop 12303 12304",
    )
    parser.add_argument("merchant", metavar="MERCHANT", help="the merchant_id")
    parser.add_argument("refs", metavar="REF", nargs="+")
    parser.add_argument("--json", action="store_true", help="the notifications as received, "
                        "one a line")  # fmt: skip
    parser.add_argument("--count", type=_positive, metavar="N", help="end after so many")
    add_stage_options(parser)
    add_token_option(parser)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def run(args: argparse.Namespace) -> int:
    """Print until Ctrl-C or `--count`; 1 when everything is rejected."""
    endpoint, left = endpoint_of(args, "frontend", args.refs), args.count
    name = f"{args.merchant} {' '.join(args.refs)}"
    last_reason: str | None = None
    for each in tail(endpoint, build_topics(args.merchant, args.refs)):
        if isinstance(each, Notification):
            print_result(json.dumps(each.data) if args.json else line(each, time.time()))
            left = left and left - 1
            if left == 0:
                return 0
        elif isinstance(each, WsNotifyError):
            print_error(str(each))
        elif isinstance(each, Ready):
            last_reason = None
            print_status(styled(f"listening {'again ' * each.again}to {name}", DIM, sys.stderr))
        elif each.reason != last_reason:  # each try fails alike
            last_reason = each.reason
            print_status(styled(_interrupted(each), YELLOW, sys.stderr))
    return 1


def _interrupted(each: Interrupted) -> str:
    return f"{escape(each.reason)}. Reconnecting"


def line(notification: Notification, now: float) -> str:
    """Return a line of text, in the time zone of this machine; `now` is in seconds since 1970."""
    try:
        sent = parse_time(notification.sent_at)
        clock = datetime.fromtimestamp(sent).astimezone().strftime("%H:%M:%S")
        latency = format_duration(now - sent)
    except (ValueError, OverflowError, OSError):
        clock, latency = escape(notification.sent_at), "?"
    status = escape(notification.status)
    return "  ".join(
        (
            styled(clock, DIM),
            f"{latency:>7}",
            styled(escape(str(notification.ref)), BOLD),
            styled(f"{status:<6}", GREEN if status == "done" else RED),
            escape(notification.message),
        )
    )
