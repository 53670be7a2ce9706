"""What a stage publishes of the events on EventBridge, as values. No resource lives here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

REQUIRED: Final = ("merchant_id", "ref", "project", "type", "status", "message")
"""Fields of a publish; a template without one would be refused at each event."""

_FIELDS: Final = (
    *("version", "id", "source", "detail-type", "detail"),
    *("account", "region", "time", "resources"),
)
"""Of every event: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html"""

_PATH: Final = "$."


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """Events to publish, and how.

    `name` is in CamelCase and the rule's own within a stage. `pattern` is EventBridge's own, by its
    names (`source`, `detail-type`, `detail` and so on), but for an `$or` of these:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
    `publish` is what is published: a text that begins with `$.`, within a list or an object, too,
    is a path into the event, such as `$.detail.order`, and stands for what is there; anything else
    is the value itself. The `id` is that of the event, unless it is given. `bus` is the name or ARN
    of an event bus.
    """

    name: str
    pattern: Mapping[str, Any]
    publish: Mapping[str, Any]
    bus: str = "default"

    def __post_init__(self) -> None:
        """Refuse what could publish nothing, or not what it says. Raises ValueError."""
        if not self.name.isidentifier():
            raise ValueError(f"event rule {self.name!r}: name it in letters and digits")
        if missing := [field for field in REQUIRED if field not in self.publish]:
            raise ValueError(f"event rule {self.name}: publish lacks {', '.join(missing)}")
        if unknown := [name for name in self.pattern if name not in _FIELDS]:
            raise ValueError(
                f"event rule {self.name}: pattern has {', '.join(unknown)}, an event has "
                f"{', '.join(_FIELDS)}; $or goes in detail"
            )
        if None in {*_leaves(self.pattern), *_leaves(self.publish)}:
            raise ValueError(f"event rule {self.name}: leave None out, a template cannot have null")

    @property
    def template(self) -> dict[str, Any]:
        """What is published, with its `id`."""
        return {"id": "$.id", **self.publish}


def is_path(value: Any) -> bool:
    """Tell whether a value of a rule's `publish` is a path into the event."""
    return isinstance(value, str) and value.startswith(_PATH)


def _leaves(value: Any) -> Iterator[Any]:
    match value:
        case Mapping():
            for part in value.values():
                yield from _leaves(part)
        case list() | tuple():
            for part in value:
                yield from _leaves(part)
        case _:
            yield value
