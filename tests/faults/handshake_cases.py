"""The table of what the authorizer meets, for a stage that requires tokens."""

from collections.abc import Iterable

from tests.faults import handshakes, malformed
from tests.faults.case import Case
from tests.faults.cases import FINAL, RETRYABLE
from tests.faults.handshakes import ACCEPTED, REJECTED
from tests.kit.proxy.faults import ALWAYS
from tests.kit.proxy.requests import Step


def _handshakes() -> Iterable[Case]:
    without, cached = (
        (scenario, Step.GET_KEYS)
        for scenario in (
            handshakes.authorize_without_cached_keys,
            handshakes.authorize_with_cached_keys,
        )
    )
    for name, fault in (RETRYABLE | malformed.INVALID_HTTP | malformed.INVALID_JSON).items():
        short = name == "500"
        yield Case(*without, name, fault, 1, ACCEPTED, short=short)
        yield Case(*without, name, fault, ALWAYS, REJECTED)
        yield Case(*cached, name, fault, ALWAYS, ACCEPTED, short=short)
    for name, fault in (FINAL | malformed.INVALID_KEYS).items():
        short = name in {"200 without keys", "keys instead of chunks"}
        yield Case(*without, name, fault, ALWAYS, REJECTED, short=short)
        yield Case(*cached, name, fault, ALWAYS, ACCEPTED)


HANDSHAKES = tuple(_handshakes())
