"""`ws-notify listen`: print what is published to refs, as it comes."""

import argparse
import json
import sys
import time
from datetime import datetime

from ws_notify.cli.options import Commands, add_address, add_token, address_of, command
from ws_notify.cli.tail import Interrupted, Stands, tail
from ws_notify.cli.terminal import (
    BOLD,
    DIM,
    GREEN,
    RED,
    YELLOW,
    complain,
    duration,
    note,
    printable,
    say,
    styled,
)
from ws_notify.exceptions import WsNotifyError
from ws_notify.fields import topics_of
from ws_notify.values import Notification, seconds_of


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "listen",
        run,
        summary="print what is published to one or several refs, as it comes",
        more="Begins with what was said within the last hour. Prints the time, how long it took "
        "from the service to here by this machine's clock, ref, status and message. Reconnects by "
        "itself and gets what it missed meanwhile. Ctrl-C ends it.",
        example="ws-notify listen --stage dev shop 12303 12304",
    )
    parser.add_argument("merchant", metavar="MERCHANT", help="the merchant_id")
    parser.add_argument("refs", metavar="REF", nargs="+")
    parser.add_argument("--json", action="store_true", help="the notifications as they came, "
                        "one a line")  # fmt: skip
    parser.add_argument("--count", type=_positive, metavar="N", help="end after so many")
    add_address(parser)
    add_token(parser)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def run(said: argparse.Namespace) -> int:
    """Print until Ctrl-C or `--count`; 1 when everything is refused."""
    address, left = address_of(said, "frontend", said.refs), said.count
    name = f"{said.merchant} {' '.join(said.refs)}"
    told: str | None = None
    for each in tail(address, topics_of(said.merchant, said.refs)):
        if isinstance(each, Notification):
            say(json.dumps(each.data) if said.json else line(each, time.time()))
            left = left and left - 1
            if left == 0:
                return 0
        elif isinstance(each, WsNotifyError):
            complain(str(each))
        elif isinstance(each, Stands):
            told = None
            note(styled(f"listening {'again ' * each.again}to {name}", DIM, sys.stderr))
        elif each.why != told:  # each try fails alike
            told = each.why
            note(styled(_interrupted(each), YELLOW, sys.stderr))
    return 1


def _interrupted(each: Interrupted) -> str:
    return f"{printable(each.why)}. Reconnecting"


def line(notification: Notification, now: float) -> str:
    """Return a notification for people, in the time zone of this machine; `now` since 1970."""
    try:
        sent = seconds_of(notification.sent_at)
        clock = datetime.fromtimestamp(sent).astimezone().strftime("%H:%M:%S")
        latency = duration(now - sent)
    except (ValueError, OverflowError, OSError):
        clock, latency = printable(notification.sent_at), "?"
    status = printable(notification.status)
    return "  ".join(
        (
            styled(clock, DIM),
            f"{latency:>7}",
            styled(printable(str(notification.ref)), BOLD),
            styled(f"{status:<6}", GREEN if status == "done" else RED),
            printable(notification.message),
        )
    )
