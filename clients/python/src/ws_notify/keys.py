"""The keys of a stage's secret, read with boto3 and kept for a while. Extra `[aws]` when used."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ws_notify.boto import make_client
from ws_notify.exceptions import KeysError
from ws_notify.region import region
from ws_notify.secret import Secret, SigningKey, parse_secret
from ws_notify.tokens import mint_token
from ws_notify.values import AnyRef, AnyText

_CACHE_TTL = 5 * 60.0
_LONGEST_USE = 60 * 60.0
"""Seconds that a secret is used where it cannot be read again; docs/security.md counts on it."""

_RETRY_COOLDOWN = 30.0

_log = logging.getLogger("ws_notify")


@dataclass(frozen=True, slots=True)
class _Read:
    """A secret, when it was read, and when reading it again failed, in seconds since 1970."""

    secret: Secret
    at: float
    failed_at: float | None = None

    def fresh(self, now: float) -> bool:
        """Whether to use it without reading it again. A clock that was set back makes it old."""
        if self.failed_at is not None and 0 <= now - self.failed_at < _RETRY_COOLDOWN:
            return self.usable(now)
        return 0 <= now - self.at < (_CACHE_TTL if self.secret.signs else _RETRY_COOLDOWN)

    def usable(self, now: float) -> bool:
        """Whether to use it where it cannot be read again."""
        return 0 <= now - self.at < _LONGEST_USE


class Keys:
    """Mints tokens with the current key of a stage's secret, and follows its rotation.

        keys = Keys.from_secret(os.environ["WS_NOTIFY_KEYS_SECRET"])
        token = keys.mint_token(client="frontend", merchant_id="shop", ref="12303")

    The secret is read at the first token, and again when it is 5 minutes old, or 30 seconds where
    it names no current key. Where that fails, it is used for up to an hour, with a warning in the
    log. Threads may share it; it works in a
    process that was forked.
    """

    def __init__(self, fetch: Callable[[], str], name: str = "the secret") -> None:
        """Read the secret's text with `fetch`; `name` is for errors."""
        self._fetch = fetch
        self._name = name
        self._read: _Read | None = None
        self._owner = os.getpid(), threading.Lock()

    @classmethod
    def from_secret(cls, secret: str, *, client: Any = None) -> "Keys":
        """Return the keys of a secret of Secrets Manager, by its ARN or its name.

        Needs `secretsmanager:GetSecretValue` on it. `client` is boto3's `secretsmanager` client,
        made from the environment where none is given, in the region of the ARN, else as for
        LambdaPublisher. Reads nothing yet.
        """
        return cls(lambda: fetch_text(secret, client), secret)

    def mint_token(
        self,
        *,
        client: Literal["frontend", "backend"],
        merchant_id: AnyText,
        ref: AnyRef | Iterable[AnyRef] | None = None,
        lifetime: int = 3600,
    ) -> str:
        """Return a token as the function `mint_token` does, signed with the current key.

        Raises ValueError for claims that the service would reject; KeysError.
        """
        signing = self.signing_key()
        return mint_token(
            signing.key,
            signing.kid,
            client=client,
            merchant_id=merchant_id,
            ref=ref,
            lifetime=lifetime,
        )

    def signing_key(self, kid: str | None = None) -> SigningKey:
        """Return the current key, or the one that a `kid` names. Raises KeysError.

        `"current"` in the secret names it; without that, a single key is current.
        """
        return self.secret().signing_key(kid)

    def secret(self) -> Secret:
        """Return what the secret holds, as read at most 5 minutes ago. Raises KeysError."""
        read, now = self._read, time.time()
        if read and read.fresh(now):
            return read.secret
        lock = self._lock()
        if not (read and read.usable(now)):
            lock.acquire()
        elif not lock.acquire(blocking=False):
            return read.secret  # another thread reads it again; nobody waits for that
        try:
            return self._refreshed()
        finally:
            lock.release()

    def _lock(self) -> threading.Lock:
        if self._owner[0] != os.getpid():  # a thread of the parent may have held it at the fork
            self._owner = os.getpid(), threading.Lock()
        return self._owner[1]

    def _refreshed(self) -> Secret:
        read, now = self._read, time.time()
        if read and read.fresh(now):  # another thread has read it meanwhile
            return read.secret
        try:
            # `now`, not later: the secret may change while it is read.
            self._read = _Read(parse_secret(self._fetch(), self._name), now)
        except KeysError as error:
            if not (error.retryable and read and read.usable(now)):
                raise
            _log.warning("keys could not be read again: %s", error)
            self._read = _Read(read.secret, read.at, failed_at=now)
        return self._read.secret


_REMEDY = (
    "It takes the permission secretsmanager:GetSecretValue on it, and its account and region "
    "(AWS_PROFILE, AWS_REGION)"
)


def fetch_text(secret: str, client: Any, remedy: str = _REMEDY) -> str:
    """Read the text of a secret. Raises KeysError, with the remedy where it cannot be read."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - the extra [aws]
    except ImportError:
        raise KeysError(
            "Keys.from_secret asks AWS, for which boto3 is missing: pip install 'ws-notify[aws]'"
        ) from None
    try:
        # A client of its own for each read: a connection must not be shared with a forked process.
        answer = (client or _client(secret)).get_secret_value(SecretId=secret)
    except (BotoCoreError, ClientError) as error:
        raise KeysError(
            f"The keys in {secret} could not be read: {str(error).rstrip('.')}. {remedy}",
            retryable=True,
        ) from error
    return str(answer.get("SecretString", ""))


def _client(secret: str) -> Any:
    # arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME
    where = secret.split(":")[3] if secret.startswith("arn:") else region()
    return make_client("secretsmanager", region=where)
