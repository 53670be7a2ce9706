"""The principal of a connection, by its token. Values only; what it may do: permissions.py.

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
    """The claims of a token; `refs` is None for every ref, `expires_at_ms` is since 1970."""

    client: str
    merchant_id: str
    refs: frozenset[str] | None
    expires_at_ms: int

    def to_context(self) -> dict[str, str]:
        """Return the identity as an authorizer's context."""
        refs = None if self.refs is None else sorted(self.refs)
        return {
            "client": self.client,
            "merchant_id": self.merchant_id,
            "refs": json.dumps(refs),
            "expires_at_ms": str(self.expires_at_ms),
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
            expires_at_ms=int(context["expires_at_ms"]),
        )


def _are_texts(refs: Any) -> bool:
    return isinstance(refs, list) and all(isinstance(ref, str) for ref in refs)


@dataclass(frozen=True, slots=True)
class Unauthenticated:
    """A connection that needs a token and has no valid one."""


Principal = Identity | Unauthenticated | None
"""None: a caller that has no token and needs none."""


def principal(context: Mapping[str, Any], *, required: bool) -> Principal:
    """Return the principal of a connection from the context that its authorizer left."""
    if "client" not in context:
        return Unauthenticated() if required else None
    try:
        return Identity.from_context(context)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return Unauthenticated()  # no authorizer of this service wrote it
