"""The arguments of callers, as the core takes them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from ws_notify.values import Ref, Topic


def build_fields(  # noqa: PLR0913 - a notification has these fields
    id_: str | None,
    merchant_id: str,
    ref: Ref,
    project: str,
    type_: str,
    *,
    status: str,
    message: str,
    further: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the fields of a publish; a missing `id` is generated, as it makes a retry safe."""
    return {
        "merchant_id": merchant_id,
        "ref": ref,
        "project": project,
        "type": type_,
        "status": status,
        "message": message,
        "id": uuid4().hex if id_ is None else id_,
        **further,
    }


def build_topics(merchant_id: str, refs: Sequence[Ref]) -> list[Topic]:
    """Return the topics of one merchant's refs. Raises ValueError, TypeError."""
    if not refs:
        raise ValueError("subscribe needs a ref: subscribe('shop', '12303')")
    for ref in refs:
        if isinstance(ref, bool) or not isinstance(ref, str | int):
            raise TypeError(f"A ref is a string or an integer, not {type(ref).__name__}")
    return [Topic(merchant_id, ref) for ref in refs]
