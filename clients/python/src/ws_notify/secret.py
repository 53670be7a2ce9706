"""The secret of a stage: a JSON object of kid: key; `current` in it names the one to sign with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ws_notify.exceptions import KeysError

CURRENT = "current"
"""The one member that is not a key; the service's authorizer skips it."""

MIN_KEY_LENGTH = 32
"""Characters: with a shorter one in the secret, the service accepts no token at all."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key and its name. `key` signs by its UTF-8 text."""

    kid: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Secret:
    """The keys by their `kid`, and what `current` says, None where it is missing."""

    name: str
    keys: Mapping[str, str] = field(repr=False)
    current: Any

    def signing_key(self, kid: str | None = None) -> SigningKey:
        """Return the key that a `kid` names, by default the current one. Raises KeysError."""
        chosen = self._current_kid() if kid is None else kid
        if chosen not in self.keys:
            raise KeysError(f"{self.name} has no key {chosen!r}, only {self._kids()}")
        return SigningKey(chosen, self.keys[chosen])

    @property
    def signs(self) -> bool:
        """Whether it has a current key."""
        try:
            self.signing_key()
        except KeysError:
            return False
        return True

    def _current_kid(self) -> str:
        if self.current is None:
            if len(self.keys) > 1:
                raise KeysError(
                    f"{self.name} holds several keys, {self._kids()}, and does not say which one "
                    f'signs: add "{CURRENT}" with the kid of one of them'
                )
            return next(iter(self.keys))
        if not isinstance(self.current, str) or self.current not in self.keys:
            # Without its value, which may be a key that was put in the wrong place.
            raise KeysError(
                f'"{CURRENT}" in {self.name} does not name a key: set it to one of {self._kids()}'
            )
        return self.current

    def _kids(self) -> str:
        return ", ".join(map(repr, self.keys))


def parse_secret(text: str, name: str) -> Secret:
    """Return what a secret's text holds; `name` is for errors. Raises KeysError."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    keys = dict(content) if isinstance(content, dict) else {}
    current = keys.pop(CURRENT, None)
    if not keys or not all(isinstance(each, str) for each in keys.values()):
        # Without the cause, whose text may hold a part of the secret.
        raise KeysError(f"{name} holds no keys: it must be a JSON object of kid: key") from None
    if short := [kid for kid, key in keys.items() if len(key) < MIN_KEY_LENGTH]:
        raise KeysError(
            f"The key is too short: {short[0]!r} in {name}; each has at least {MIN_KEY_LENGTH} "
            "characters, or the service accepts no token at all"
        )
    return Secret(name, keys, current)
