"""What one waits for. A value that everything here speaks of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """A reference of a merchant. `ref` is as the client wrote it."""

    merchant_id: str
    ref: str | int

    @property
    def key(self) -> str:
        """The key in both tables; no merchant_id holds a `#`, so no two topics share a key."""
        return f"{self.merchant_id}#{self.ref}"
