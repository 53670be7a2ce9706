"""The monthly price of counted waits, in US dollars. No I/O.

A `Range` is the lowest and the highest price, where it is not known what is billed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.gateway import Counts

Prices = Mapping[str, Any]
"""The content of prices.toml."""

Range = tuple[float, float]

MILLION: Final = 1_000_000
_SECONDS_A_MONTH: Final = 365.25 / 12 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Bill:
    """The price of waits by service, without traces and fixed costs."""

    api_gateway: Range
    functions: float
    dynamodb: float
    logs: float

    def total(self, fixed: float) -> Range:
        """Return the sum with the fixed costs."""
        low, high = self.api_gateway
        rest = self.functions + self.dynamodb + self.logs + fixed
        return low + rest, high + rest


def bill(counts: Counts, memory_mb: Mapping[str, int], prices: Prices, waits: float) -> Bill:
    """Return the price of so many waits a month, each with the usage counted."""
    millions = waits / MILLION
    low, high = _api_gateway(counts, prices)
    functions, units, logs = prices["lambda"], prices["dynamodb"], prices["logs"]
    gigabyte_seconds = sum(
        _milliseconds(counts, name, prices) / 1000 * memory_mb[name] / 1024
        for name in counts.invocations
    )
    return Bill(
        api_gateway=(millions * low, millions * high),
        functions=millions * counts.invocations.total() * functions["million_requests"]
        + waits * gigabyte_seconds * functions["gigabyte_second"],
        dynamodb=millions * counts.write_units * units["million_write_units"]
        + millions * counts.read_units * units["million_read_units"],
        logs=waits * log_bytes(counts, prices) / 1e9 * logs["gigabyte"],
    )


def _api_gateway(counts: Counts, prices: Prices) -> Range:
    """Return dollars a million, without and with what may not be billed.

    That is (dis)connects, begun minutes, and preflights that no function sees.
    """
    price, https = prices["api_gateway"], prices["http_api"]
    messages = sum(math.ceil(size / price["message_bytes"]) for size in counts.frames)
    requests = sum(math.ceil(size / https["request_bytes"]) for size in counts.requests)
    minutes = prices["estimates"]["browser_minutes"] if counts.connections else 0
    begun = minutes + max(0, counts.connections - 1)  # the backend's, where it has one
    a_minute, a_message = price["million_connection_minutes"], price["million_messages"]
    a_request = https["million_requests"]
    low = messages * a_message + minutes * a_minute + requests * a_request
    connecting = 2 * counts.connections * a_message + (begun - minutes) * a_minute
    return low, low + connecting + counts.preflights * a_request


def _milliseconds(counts: Counts, name: str, prices: Prices) -> float:
    """Return the estimate of how long a function runs in a wait, all its invocations together."""
    own: float = counts.invocations[name] * prices["estimates"]["milliseconds_an_invocation"]
    calls: float = counts.calls[name] * prices["estimates"]["milliseconds_a_call"]
    return own + calls


def log_bytes(counts: Counts, prices: Prices) -> int:
    """Return the billed bytes, rounded to 100: line numbers in the log vary by a digit."""
    logs = prices["logs"]
    lines = [*counts.lines, *logs["platform_lines"] * counts.invocations.total()]
    return int(round(sum(lines) + len(lines) * logs["bytes_besides_each_line"], -2))


def traces(counts: Counts, prices: Prices, waits: float) -> Range:
    """Return the price of traces of waits at random times and a constant rate.

    X-Ray traces the first invocation of each second, of the stage or of each function, and a share
    of the others. At n a second on average, 1 - e^-n of all seconds have an invocation.
    """
    rates = [waits * each / _SECONDS_A_MONTH for each in counts.invocations.values()]
    dollars: float = prices["xray"]["million_traces"] * _SECONDS_A_MONTH / MILLION
    share: float = prices["xray"]["traced_of_the_others"]

    def traced(rate: float) -> float:
        first = 1 - math.exp(-rate)
        return first + share * (rate - first)

    return dollars * traced(sum(rates)), dollars * sum(map(traced, rates))


def cheaper_from(month: float, million: float, fixed: float, our_million: float) -> float:
    """Return from how many millions of waits a month another product is cheaper; else infinity.

    It costs `month` and `million`, this service `fixed` and `our_million`.
    """
    return (
        max(0.0, (month - fixed) / (our_million - million)) if million < our_million else math.inf
    )
