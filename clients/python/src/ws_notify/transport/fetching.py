"""Asking for tokens, before a connection or a request; and keeping one for further requests."""

import asyncio
import inspect
import math

from ws_notify.endpoint import AsyncTokenFunction
from ws_notify.exceptions import WsNotifyError
from ws_notify.timeouts import Timeouts
from ws_notify.tokens import seconds_until_expiry
from ws_notify.transport.errors import token_error, validate_token

_LONGEST = 2 * 60 * 60.0
"""Seconds that a token is kept which does not say when it expires: as long as a connection."""

Given = str | bytes | AsyncTokenFunction | None


def fetch_token(token: Given) -> str | None:
    """Return a token, calling a function for it. Raises TokenError, and WsNotifyError as it is."""
    if not callable(token):
        return validate_token(token)
    try:
        fetched = token()
    except WsNotifyError:
        raise
    except Exception as error:
        raise token_error(error) from error
    return validate_token(fetched)


async def fetch_token_async(token: Given) -> str | None:
    """Return a token as `fetch_token` does; a function may be a coroutine function, too."""
    if not callable(token):
        return validate_token(token)
    try:
        # A function that is not a coroutine function may block, but not the event loop.
        inline = inspect.iscoroutinefunction(token)
        fetched = token() if inline else await asyncio.to_thread(token)
        return validate_token(await fetched if inspect.isawaitable(fetched) else fetched)
    except WsNotifyError:
        raise
    except Exception as error:
        raise token_error(error) from error


class KeptToken:
    """The token of the last request, until shortly before it expires. Threads may share it."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._handover = timeouts.handover
        self._kept: tuple[str | None, float] = (None, -math.inf)

    def get(self, now: float) -> str | None:
        """Return it; None where one must be fetched."""
        token, until = self._kept
        return token if now < until else None

    def keep(self, token: str | None, now: float) -> str | None:
        """Keep a token that was fetched, and return it."""
        lifetime = seconds_until_expiry(token) if token else None
        if lifetime is None:
            lifetime = _LONGEST
        self._kept = (token, now + max(lifetime - self._handover, lifetime / 2))
        return token
