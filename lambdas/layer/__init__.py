"""What the functions share, and what a backend with AWS credentials uses in its own process.

    from lambdas.layer import Handler, Sender, Storage

The three names are imported when they are first asked for: a function that needs only `Settings`
must not pay for botocore when it starts.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lambdas.layer.handler import Handler
    from lambdas.layer.sender import Sender
    from lambdas.layer.storage import Storage

__all__ = ["Handler", "Sender", "Storage"]

_HOME = {
    "Handler": "lambdas.layer.handler",
    "Sender": "lambdas.layer.sender",
    "Storage": "lambdas.layer.storage",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
