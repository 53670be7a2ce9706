"""The environment, read in one place. Nothing else in `lambdas` looks at `os.environ`."""

import base64
import os
import zlib
from collections.abc import Set as AbstractSet
from typing import Final

_COMPRESSED: Final = "zlib="


class MissingSettingError(RuntimeError):
    """A variable of the environment is not set; carries its `name`."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"the environment variable {name} is not set: the stack sets it for its functions; "
            f'for a shell, `eval "$(make -s env STAGE=...)"` prints it'
        )


class InvalidSettingError(RuntimeError):
    """A variable of the environment breaks its rule; carries its `name`."""

    def __init__(self, name: str, rule: str) -> None:
        self.name = name
        super().__init__(f"the environment variable {name} must be {rule}")


def text(name: str) -> str:
    """Return a variable that must be set and not empty.

    Raises MissingSettingError.
    """
    value = os.environ.get(name)
    if not value:
        raise MissingSettingError(name)
    return value


def seconds(name: str) -> int:
    """Return a variable that holds a positive whole number of seconds.

    Raises MissingSettingError, InvalidSettingError.
    """
    value = text(name)
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise InvalidSettingError(name, "a positive whole number of seconds")
    return int(value)


def address(*names: str) -> str:
    """Return the first of these variables that is set: an http(s) address, without a last slash.

    Raises MissingSettingError, which names the first of them; InvalidSettingError.
    """
    name = next((name for name in names if os.environ.get(name)), names[0])
    value = text(name)
    if not value.startswith(("https://", "http://")):
        raise InvalidSettingError(name, "an address that starts with https:// or http://")
    return value.rstrip("/")


def region() -> str:
    """Return the AWS region: AWS_REGION, which Lambda sets, or AWS_DEFAULT_REGION.

    Raises MissingSettingError, which names the former.
    """
    return region_or_none() or text("AWS_REGION")


def region_or_none() -> str | None:
    """Return the same, or None where neither is set and a profile may name one.

    boto3 reads AWS_DEFAULT_REGION alone, the command lines of AWS and the CDK both:
    https://github.com/boto/boto3/issues/3620
    """
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def has_credentials() -> bool:
    """Tell whether AWS credentials stand in the environment, where Lambda puts them."""
    return all(os.environ.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))


def entries(name: str) -> frozenset[str]:
    """Return a comma-separated variable as a set. It must be set, and may be empty.

    A long one travels as `zlib=…`, compressed and in Base64 (infra/origins.py).
    Raises MissingSettingError, InvalidSettingError.
    """
    value = os.environ.get(name)
    if value is None:
        raise MissingSettingError(name)
    if value.startswith(_COMPRESSED):
        try:
            compressed = base64.b64decode(value.removeprefix(_COMPRESSED), validate=True)
            value = zlib.decompress(compressed).decode()
        except (ValueError, zlib.error):
            raise InvalidSettingError(
                name, f"zlib's output in Base64 after {_COMPRESSED}"
            ) from None
    return frozenset(part.strip().lower() for part in value.split(",") if part.strip())


def choice(name: str, values: AbstractSet[str]) -> str:
    """Return a variable that must be one of these values.

    Raises MissingSettingError, InvalidSettingError.
    """
    value = text(name)
    if value not in values:
        raise InvalidSettingError(name, f"one of {', '.join(sorted(values))}")
    return value
