"""`ws-notify doctor`: check everything from the name to a delivery, and say what is wrong."""

import argparse
import contextlib
import functools
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from ws_notify.cli.checks import Checks
from ws_notify.cli.diagnosis import Finding
from ws_notify.cli.failures import Failure
from ws_notify.cli.http_checks import HttpChecks
from ws_notify.cli.network_checks import NetworkChecks
from ws_notify.cli.options import (
    Commands,
    add_command,
    add_http_option,
    add_stage_options,
    add_token_options,
    build_endpoint,
    build_http_endpoint,
    find_stage,
    tokens_of,
)
from ws_notify.cli.roles import Principal, Roles, roles_of
from ws_notify.cli.stage import Stage
from ws_notify.cli.terminal import (
    BOLD,
    DIM,
    GREEN,
    RED,
    YELLOW,
    escape,
    format_duration,
    print_result,
    styled,
    symbol,
)
from ws_notify.cli.token_faults import find_fault, find_mismatch
from ws_notify.exceptions import KeysError
from ws_notify.http_endpoint import HttpEndpoint

Result = TypeVar("Result")


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "doctor",
        run,
        summary="check a stage step by step, and say what is wrong",
        more="The tokens that were given, the name, the connection, TLS, the handshake, "
        "subscribe, publish, delivery. It listens and publishes to a ref of its own, unless --ref "
        "or its tokens name one. "
        "Exits with 0 if all went well, with 1 if not.",
        example="ws-notify doctor --stage dev",
    )
    add_stage_options(parser)
    add_http_option(parser)
    add_token_options(parser)
    parser.add_argument("--merchant", help="default: the token's, or ws-notify-doctor")
    parser.add_argument("--ref", help="default: the token's, or a fresh one. Whoever listens to "
                        "it receives a notification of type `doctor`")  # fmt: skip
    parser.add_argument("--origin", help="connect as a page of this origin does")


def run(args: argparse.Namespace) -> int:
    """Run the checks; 0 if all pass."""
    found = find_stage(args)
    build = build_http_endpoint if args.http else build_endpoint
    first = build(args, found, None)
    print_result(styled(first.url.partition("?")[0], BOLD))
    faults = _token_faults(args, found)
    roles = roles_of(args, found, "doctor")
    checks: Checks | HttpChecks = (
        HttpChecks(first, roles, args.origin, faults=faults)
        if isinstance(first, HttpEndpoint)
        else Checks(first, roles, args.origin, faults=faults)
    )
    with contextlib.closing(checks):
        try:
            _check_network(checks)
            if isinstance(checks, HttpChecks):
                _run_http_checks(checks)
            else:
                _run_checks(checks)
        except Finding:
            if found and found.own_url and not args.http:
                print_result(f"      {styled(_name_or_stage(found.own_url), YELLOW)}")
            return 1
    for line in checks.notes():
        print_result(f"  {styled(line, DIM)}")
    return 0


def _name_or_stage(own_url: str) -> str:
    return f"--url {own_url}, which needs no custom domain, tells whether that is at fault"


def _token_faults(args: argparse.Namespace, found: Stage | None) -> dict[str, str]:
    """Read the tokens that were given, and say what the service would refuse in each.

    It ends nothing: a stage whose auth is off looks at none of them.
    """
    tokens = tokens_of(args)
    keys, now = _known_keys(found) if tokens else None, time.time()
    faults = {
        token: fault
        for token in tokens
        if (fault := find_fault(token, now, keys) or find_mismatch(token, args.merchant, args.ref))
    }
    for token in tokens:
        if fault := faults.get(token):
            _line(styled("!", YELLOW), "token", None, fault)
        else:
            read = "signed with the stage's key" if keys else "its signature was not checked"
            _line(styled(symbol("✓", "ok"), GREEN), "token", None, f"no fault seen; {read}")
    return faults


def _known_keys(found: Stage | None) -> Mapping[str, str] | None:
    """Return the keys of a stage, None where they are not to be had."""
    if not (found and found.has_keys):
        return None
    try:
        return found.keys().secret().keys
    except (Failure, KeysError):  # no permission, perhaps, which those who test need not have
        return None


def _check_network(checks: NetworkChecks) -> None:
    addresses = _step("name", checks.resolve, ", ".join)
    with _step("connection", lambda: checks.reach(addresses), checks.describe) as connection:
        if checks.target.secure:
            _step("TLS", lambda: checks.secure(connection), str)


def _run_checks(checks: Checks) -> None:
    listener, publisher = checks.roles.listener, checks.roles.publisher
    if listener:
        _step("handshake", lambda: checks.open(listener), str)
        _step("subscribe", lambda: checks.subscribe(listener), str)
    else:
        _skip("subscribe", "the token is a backend's, which may only publish")
    if publisher and publisher != listener:
        _step("handshake", functools.partial(checks.open, publisher), str)
    if publisher := _publisher_of(checks.roles):
        _step("publish", functools.partial(checks.publish, publisher), str)
        if listener:
            _step("delivery", lambda: checks.deliver(listener), _describe_delivery)


def _run_http_checks(checks: HttpChecks) -> None:
    if publisher := _publisher_of(checks.roles):
        _step("publish", functools.partial(checks.publish, publisher), str)
    if reader := checks.roles.listener or checks.roles.publisher:
        _step("poll", lambda: checks.poll(reader), str)


def _publisher_of(roles: Roles) -> Principal | None:
    """Return whose token to publish with; None, after a line that says why, to leave it out."""
    if roles.publisher is None:
        _skip("publish", "the token is a frontend's, which may only listen: add --backend-token")
        return None
    if roles.shared:
        ref = roles.ref
        _skip("publish", f"others may listen to the token's ref: --ref {ref} does it all the same")
        return None
    return roles.publisher


def _describe_delivery(seconds: float) -> str:
    return f"{format_duration(seconds)} after it was published"


def _step(name: str, check: Callable[[], Result], describe: Callable[[Result], str]) -> Result:
    began = time.monotonic()
    try:
        result = check()
    except Finding as finding:
        _line(styled(symbol("✗", "no"), RED), name, time.monotonic() - began, finding.what)
        print_result(f"      {styled(escape(finding.remedy), YELLOW)}")
        raise
    took = time.monotonic() - began
    _line(styled(symbol("✓", "ok"), GREEN), name, took, describe(result))
    return result


def _skip(name: str, reason: str) -> None:
    _line(styled(symbol("·", "--"), DIM), name, None, reason)


def _line(mark: str, name: str, seconds: float | None, text: str) -> None:
    took = "" if seconds is None else format_duration(seconds)
    print_result(f"  {mark} {name:<10} {took:>7}  {escape(text)}")
