"""What a stage publishes of the events on EventBridge, as values. No resource lives here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

REQUIRED: Final = ("merchant_id", "ref", "project", "type", "status", "message")
"""Fields of a publish; a template without one would be refused at each event."""

_PATH: Final = "$."


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """Events to publish, and how.

    `name` is in CamelCase and the rule's own within a stage. `pattern` is EventBridge's own, by its
    names (`source`, `detail-type`, `detail` and so on):
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
    `publish` is what is published: a text that begins with `$.` is a path into the event, such as
    `$.detail.order`, and stands for what is there; anything else is the value itself. The `id` is
    that of the event, unless it is given. `bus` is the name or ARN of an event bus.
    """

    name: str
    pattern: Mapping[str, Any]
    publish: Mapping[str, Any]
    bus: str = "default"

    def __post_init__(self) -> None:
        """Refuse what could publish nothing. Raises ValueError."""
        if not self.name.isidentifier():
            raise ValueError(f"event rule {self.name!r}: name it in letters and digits")
        if missing := [field for field in REQUIRED if field not in self.publish]:
            raise ValueError(f"event rule {self.name}: publish lacks {', '.join(missing)}")

    @property
    def template(self) -> dict[str, Any]:
        """What is published, with its `id`."""
        return {"id": "$.id", **self.publish}


def is_path(value: Any) -> bool:
    """Tell whether a value of a rule's `publish` is a path into the event."""
    return isinstance(value, str) and value.startswith(_PATH)
