"""Who a connection speaks for, by its token. Values only; what it may do: permissions.py.

The authorizer writes an identity into its context, API Gateway hands that to every later event of
the connection, and `default` reads it there. Context values are strings, API Gateway's rule.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

FRONTEND = "frontend"
BACKEND = "backend"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a token says; `refs` is None for every ref, `ends_at` in milliseconds since 1970."""

    client: str
    merchant_id: str
    refs: frozenset[str] | None
    ends_at: int

    def to_context(self) -> dict[str, str]:
        """Return the identity as an authorizer's context."""
        refs = None if self.refs is None else sorted(self.refs)
        return {
            "client": self.client,
            "merchant_id": self.merchant_id,
            "refs": json.dumps(refs),
            "ends_at": str(self.ends_at),
        }

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> Self:
        """Return the identity in an authorizer's context.

        Raises KeyError, TypeError, ValueError, OverflowError, RecursionError for a context that
        holds none. What the token's rules exclude is none: a page for every ref, above all.
        """
        client, merchant_id = context["client"], context["merchant_id"]
        refs = json.loads(context["refs"])
        if client not in (FRONTEND, BACKEND) or not isinstance(merchant_id, str):
            raise ValueError("no client, or no merchant_id")
        if (refs is not None or client == FRONTEND) and not _are_texts(refs):
            raise ValueError("no refs")
        return cls(
            client=client,
            merchant_id=merchant_id,
            refs=None if refs is None else frozenset(refs),
            ends_at=int(context["ends_at"]),
        )


def _are_texts(refs: Any) -> bool:
    return isinstance(refs, list) and all(isinstance(ref, str) for ref in refs)


@dataclass(frozen=True, slots=True)
class Nobody:
    """A connection that needs a token, and has none that was verified."""


Bearer = Identity | Nobody | None
"""None: a caller that has no token and needs none."""


def bearer(context: Mapping[str, Any], *, required: bool) -> Bearer:
    """Return who the connection speaks for whose authorizer left this context."""
    if "client" not in context:
        return Nobody() if required else None
    try:
        return Identity.from_context(context)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return Nobody()  # no authorizer of this service wrote it
