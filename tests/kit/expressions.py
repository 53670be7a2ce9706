"""The conditions of DynamoDB that the service writes, read from their text, not assumed."""

import operator
import re
from collections.abc import Callable
from functools import cache
from typing import Any

Item = dict[str, Any]
Test = Callable[[Item, dict[str, Any]], bool]
"""Whether an item meets a condition, given the ExpressionAttributeValues."""

_COMPARED = re.compile(r"(\S+) (<=|>=|<|>|=) (:\w+)")
_CALLED = re.compile(r"(begins_with|attribute_not_exists)\((\S+?)(?:, (:\w+))?\)")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


@cache
def compiled(text: str, names: tuple[tuple[str, str], ...] = ()) -> Test:
    """Return the test of a condition; `names` are its ExpressionAttributeNames.

    Raises NotImplementedError for what the model does not know.
    """
    for placeholder, name in names:
        text = text.replace(placeholder, name)
    return _either([_both([_term(term) for term in part.split(" AND ")]) for part in _ors(text)])


def placeholders(text: str) -> set[str]:
    """Return the placeholders of a condition: `:value` and `#name`."""
    return set(re.findall(r"[:#]\w+", text))


def _ors(text: str) -> list[str]:
    return text.split(" OR ")


def _either(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    return lambda item, values: any(test(item, values) for test in tests)


def _both(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        one, other = tests
        return lambda item, values: one(item, values) and other(item, values)
    return lambda item, values: all(test(item, values) for test in tests)


def _term(term: str) -> Test:
    if compared := _COMPARED.fullmatch(term):
        name, sign, value = compared.groups()
        compare = _OPERATORS[sign]
        return lambda item, values: (
            name in item and compare(plain(item[name]), plain(values[value]))
        )
    called = _CALLED.fullmatch(term)
    if called is None:
        raise NotImplementedError(f"teach the model this condition: {term}")
    function, name, value = called.groups()
    if function == "attribute_not_exists":
        return lambda item, _values: name not in item
    return lambda item, values: item[name]["S"].startswith(values[value]["S"])


def plain(value: dict[str, str]) -> str | int:
    """Return a text or a number as Python has it."""
    return int(value["N"]) if "N" in value else value["S"]
