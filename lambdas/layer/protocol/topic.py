"""The unit of subscription, fan-out and replay."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """A merchant's reference. `ref` is as the client wrote it, a number or a text."""

    merchant_id: str
    ref: str | int

    @property
    def key(self) -> str:
        """The key in both tables; no merchant_id holds a `#`, so no two topics share a key."""
        return f"{self.merchant_id}#{self.ref}"
