"""What the functions share, and what a backend with AWS credentials uses in its own process.

    from lambdas.layer import Handler, Sender, Storage

The three names are imported when they are first asked for: a function that needs only
`settings` must not pay for the rest when it starts.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lambdas.layer.handler import Handler
    from lambdas.layer.legacy import Storage
    from lambdas.layer.sender import Sender

__all__ = ["Handler", "Sender", "Storage"]

_MODULES = {
    "Handler": "lambdas.layer.handler",
    "Sender": "lambdas.layer.sender",
    "Storage": "lambdas.layer.legacy",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
