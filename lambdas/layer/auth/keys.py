"""The keys that sign a stage's tokens, read from its secret and kept for a while.

A rotation needs no deployment: an unknown `kid` is looked up, and a removed key is dropped within 5
minutes: of these the HTTP API's cache of the authorizer's answers has one (infra/http_api.py).
"""

import json
import logging
import math
from collections.abc import Callable
from typing import Self

from lambdas.layer import settings
from lambdas.layer.auth.tokens import can_sign
from lambdas.layer.aws.json_services import SecretsManager
from lambdas.layer.protocol.clock import Clock, system_clock

CACHE_TTL_MS = 4 * 60 * 1000
_LOOKUP_COOLDOWN_MS = 60 * 1000
_RETRY_COOLDOWN_MS = 5 * 1000
_MIN_KEY_LENGTH = 32
_CURRENT = "current"
"""The member of the secret that names the key to sign with. It is for those who mint.

A wrong name in it is theirs to report: here it must lock nobody out.
"""

Fetch = Callable[[], dict[str, str]]

log = logging.getLogger("ottu-ws-notify.keys")


class BadSecretError(RuntimeError):
    """The secret does not hold keys. The text says what it should hold, and nothing of it."""


class KeysUnavailableError(RuntimeError):
    """The keys could not be read a moment ago, and are not fetched again yet."""


class Keys:
    """The keys by their `kid`, fetched when first asked for."""

    def __init__(self, fetch: Fetch, *, clock: Clock = system_clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, str] = {}
        self._fetched_at: int | None = None
        self._failed_at: int | None = None

    @classmethod
    def from_env(cls) -> Self:
        """Return the keys of the secret that TOKEN_KEYS_SECRET names.

        Raises MissingSettingError, and what SecretsManager.from_env does.
        """
        secret_id = settings.text("TOKEN_KEYS_SECRET")
        secrets_manager = SecretsManager.from_env()
        return cls(lambda: parse_keys(secrets_manager.get_secret_text(secret_id)))

    def get(self, kid: str) -> str | None:
        """Return the key that a `kid` names, or None.

        They are fetched again when 4 minutes old, and for an unknown `kid` at most once a minute;
        where fetching fails, at most every 5 seconds: many tokens do not cause many reads.

        Raises BadSecretError, KeysUnavailableError, and what fetching raises, where there are no
        keys but old ones.
        """
        now = self._clock()
        age = _elapsed_ms(self._fetched_at, now)
        if age >= CACHE_TTL_MS:
            # Where fetching fails, this raises: a removed key must not stay valid.
            self._refresh(now)
        elif kid not in self._keys and age >= _LOOKUP_COOLDOWN_MS:
            self._look_up(now)
        return self._keys.get(kid)

    def _look_up(self, now: int) -> None:
        """Fetch them because of an unknown `kid`; most of those never existed."""
        if _elapsed_ms(self._failed_at, now) < _LOOKUP_COOLDOWN_MS:
            return
        try:
            self._refresh(now)
        except Exception:
            # The known keys are still valid. Once they are old, the same failure is raised.
            log.warning("keys could not be read again", exc_info=True)

    def _refresh(self, now: int) -> None:
        if _elapsed_ms(self._failed_at, now) < _RETRY_COOLDOWN_MS:
            raise KeysUnavailableError
        self._failed_at = now
        self._keys = self._fetch()
        self._failed_at = None
        self._fetched_at = now  # not later: a key may be removed while they are fetched


def _elapsed_ms(since: int | None, now: int) -> float:
    """Return the milliseconds since a moment; without one, or if the clock was set back, inf."""
    return math.inf if since is None or since > now else now - since


def parse_keys(text: str) -> dict[str, str]:
    """Return the keys that a secret's text holds, without `current`. Raises BadSecretError."""
    try:
        keys = json.loads(text)
    except (ValueError, RecursionError):
        keys = None
    if isinstance(keys, dict):
        keys.pop(_CURRENT, None)
    if not (isinstance(keys, dict) and keys) or not all(
        isinstance(key, str) and len(key) >= _MIN_KEY_LENGTH and can_sign(key)
        for key in keys.values()
    ):
        raise BadSecretError(
            f"the secret must be a JSON object of kid: key, each key of {_MIN_KEY_LENGTH} or more "
            "characters, and not one of a pair (PEM, SSH); beside them, `current` may name one"
        )
    return keys
