"""`ws-notify bench`: how long receipts and deliveries take on a stage, measured from here."""

import argparse
import asyncio
import json
import sys

from ws_notify.async_client import AsyncClient
from ws_notify.cli.failures import UsageError
from ws_notify.cli.histogram import bars, summary
from ws_notify.cli.load import Load, Measured, measure
from ws_notify.cli.options import (
    Commands,
    add_command,
    add_stage_options,
    add_token_options,
    build_endpoint,
    find_stage,
)
from ws_notify.cli.roles import Principal, roles_of
from ws_notify.cli.terminal import BOLD, DIM, YELLOW, print_result, print_status, styled, symbol

_REACHED = 0.95


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "bench",
        run,
        summary="measure how long receipts and deliveries take",
        more="Publishes at a fixed rate, one notification after the other on one connection, to "
        "subscribers of its own. Both durations begin with the publish. Exits with 1 if anything "
        "did not arrive. On AWS, it costs what the same traffic would.",
        example="ws-notify bench --stage dev --count 200 --rate 10 --subscribers 3",
    )
    parser.add_argument("--count", type=_whole, default=100, metavar="N",
                        help="notifications; default: %(default)s")  # fmt: skip
    parser.add_argument("--subscribers", type=_whole, default=1, metavar="N",
                        help="each on its own connection; default: %(default)s")  # fmt: skip
    parser.add_argument("--rate", type=_rate, default=10.0, metavar="N",
                        help="notifications a second; default: 10")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="the figures as one line of JSON, in "
                        "milliseconds")  # fmt: skip
    add_stage_options(parser)
    add_token_options(parser)
    parser.add_argument("--merchant", help="default: the token's, or ws-notify-bench")
    parser.add_argument("--ref", help="default: a fresh one; with a token that names refs, one of "
                        "those must be chosen")  # fmt: skip


def _whole(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1_000_000:  # noqa: PLR2004 - a typing error, beyond
        raise argparse.ArgumentTypeError("1 to a million")
    return number


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate <= 10_000:  # noqa: PLR2004 - (the same)
        raise argparse.ArgumentTypeError("more than 0, at most 10000")
    return rate


def run(args: argparse.Namespace) -> int:
    """Measure; 1 if anything is missing."""
    found = find_stage(args)
    url = build_endpoint(args, found, None).url
    roles = roles_of(args, found, "bench")
    if roles.listener is None or roles.publisher is None:
        raise UsageError("It listens and publishes: pass a frontend's --token and a backend's "
                         "--backend-token, or a --stage whose key may be read")  # fmt: skip
    if roles.shared:
        raise UsageError(f"Others may listen to the token's ref: --ref {roles.ref} takes it "
                         "all the same")  # fmt: skip
    load = Load(roles.merchant_id, roles.ref, args.count, args.subscribers, args.rate)
    text = f"publishing {load.count} to {load.merchant_id} {load.ref}, {load.rate:g} a second"
    print_status(styled(text, DIM, sys.stderr))
    measured = asyncio.run(_measure(url, roles.listener, roles.publisher, load))
    print_result(_json(load, measured) if args.json else _text(load, measured))
    return 0 if len(measured.deliveries) == load.count * load.subscribers else 1


async def _measure(url: str, listener: Principal, publisher: Principal, load: Load) -> Measured:
    async with (
        AsyncClient(url, token=listener.token) as listening,
        AsyncClient(url, token=publisher.token) as publishing,
    ):
        return await measure(load, listening, publishing)


def _text(load: Load, measured: Measured) -> str:
    lines = [styled(f"{'':9} {'p50':>9} {'p90':>9} {'p99':>9} {'max':>9}", BOLD)]
    for name, durations in (("receipt", measured.receipts), ("delivery", measured.deliveries)):
        figures = "".join(f"{_ms(each):>7g} ms" for each in summary(durations).values())
        lines.append(f"{name:<9} {figures}")
    arrived, expected = len(measured.deliveries), load.count * load.subscribers
    lines += ["", *bars(measured.deliveries, symbol("█", "#")), ""]
    lines.append(f"{arrived} of {expected} deliveries, {len(measured.receipts)} of {load.count} "
                 f"receipts, {measured.rate:.1f} a second")  # fmt: skip
    if measured.rate < load.rate * _REACHED:
        text = f"The rate of {load.rate:g} a second was not reached: each waits for the one before"
        lines.append(styled(text, YELLOW))
    if arrived < expected:
        lines.append(styled(f"{expected - arrived} did not arrive within 10 s", YELLOW))
    return "\n".join(lines)


def _json(load: Load, measured: Measured) -> str:
    def milliseconds(durations: list[float]) -> dict[str, float]:
        return {name: _ms(each) for name, each in summary(durations).items()}

    figures = {
        "count": load.count,
        "subscribers": load.subscribers,
        "rate": round(measured.rate, 3),
        "receipts": len(measured.receipts),
        "deliveries": len(measured.deliveries),
        "missing": load.count * load.subscribers - len(measured.deliveries),
        "receipt_ms": milliseconds(measured.receipts),
        "delivery_ms": milliseconds(measured.deliveries),
    }
    return json.dumps(figures)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
