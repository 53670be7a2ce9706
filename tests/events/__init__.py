"""Events in the shape in which API Gateway was seen to send them; ids, names and times are ours."""

import json
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


def captured(name: str) -> dict[str, Any]:
    """Return an event anew, so that a test may change it."""
    event: dict[str, Any] = json.loads((_HERE / f"{name}.json").read_text("utf-8"))
    return event
