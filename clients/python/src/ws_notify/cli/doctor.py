"""`ws-notify doctor`: try everything from the name to a delivery, and say what is wrong."""

import argparse
import contextlib
import time
from collections.abc import Callable
from typing import TypeVar

from ws_notify.cli.examination import Examination
from ws_notify.cli.options import Commands, add_address, add_both_tokens, address, command, stage_of
from ws_notify.cli.remedies import Finding
from ws_notify.cli.roles import roles_of
from ws_notify.cli.terminal import (
    BOLD,
    DIM,
    GREEN,
    RED,
    YELLOW,
    duration,
    printable,
    say,
    sign,
    styled,
)

Result = TypeVar("Result")


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = command(
        commands,
        "doctor",
        run,
        summary="try a stage step by step, and say what is wrong",
        more="The name, the connection, TLS, the handshake, subscribe, publish, delivery. It "
        "listens and publishes to a ref of its own, unless told otherwise or bound by its tokens. "
        "Exits with 0 if all went well, with 1 if not.",
        example="ws-notify doctor --stage dev",
    )
    add_address(parser)
    add_both_tokens(parser)
    parser.add_argument("--merchant", help="default: the token's, or ws-notify-doctor")
    parser.add_argument("--ref", help="default: the token's, or a fresh one. Whoever listens to "
                        "it hears a notification of type `doctor`")  # fmt: skip
    parser.add_argument("--origin", help="come as a page of this origin does")


def run(said: argparse.Namespace) -> int:
    """Examine; 0 if nothing was found."""
    found = stage_of(said)
    first = address(said, found, None)
    say(styled(first.url.partition("?")[0], BOLD))
    roles = roles_of(said, found, "doctor")
    examination = Examination(first, roles, said.origin)
    with contextlib.closing(examination):
        try:
            _examine(examination)
        except Finding:
            return 1
    for line in examination.notes():
        say(f"  {styled(line, DIM)}")
    return 0


def _examine(it: Examination) -> None:
    addresses = _step("name", it.resolve, ", ".join)
    with _step("connection", lambda: it.reach(addresses), it.describe) as connection:
        if it.target.secure:
            _step("TLS", lambda: it.secure(connection), str)
    listener, publisher = it.roles.listener, it.roles.publisher
    if listener:
        _step("handshake", lambda: it.open(listener), str)
        _step("subscribe", lambda: it.subscribe(listener), str)
    else:
        _skip("subscribe", "the token is a backend's, which may only publish")
    if publisher is None:
        _skip("publish", "the token is a frontend's, which may only listen: add --backend-token")
        return
    if publisher != listener:
        _step("handshake", lambda: it.open(publisher), str)
    if it.roles.borrowed:
        ref = it.roles.ref
        _skip("publish", f"others may listen to the token's ref: --ref {ref} does it all the same")
        return
    _step("publish", lambda: it.publish(publisher), str)
    if listener:
        _step("delivery", lambda: it.deliver(listener), lambda after: f"{duration(after)} after it"
              " was published")  # fmt: skip


def _step(name: str, check: Callable[[], Result], describe: Callable[[Result], str]) -> Result:
    began = time.monotonic()
    try:
        result = check()
    except Finding as finding:
        _line(styled(sign("✗", "no"), RED), name, time.monotonic() - began, finding.what)
        say(f"      {styled(printable(finding.remedy), YELLOW)}")
        raise
    took = time.monotonic() - began
    _line(styled(sign("✓", "ok"), GREEN), name, took, describe(result))
    return result


def _skip(name: str, why: str) -> None:
    _line(styled(sign("·", "--"), DIM), name, None, why)


def _line(mark: str, name: str, seconds: float | None, text: str) -> None:
    took = "" if seconds is None else duration(seconds)
    say(f"  {mark} {name:<10} {took:>7}  {printable(text)}")
