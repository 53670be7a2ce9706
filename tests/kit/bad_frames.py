"""Every kind of frame that is rejected.

One row a frame: what is wrong with it, its text, the code of the error, the field to blame.
"""

import json
from typing import Any

from tests.kit.frames import (
    PUBLISH,
    SUBSCRIBE,
    UNSUBSCRIBE,
    publish,
    subscribe,
    unsubscribe,
    without,
)

JSON = "invalid_json"
MESSAGE = "invalid_message"

Row = tuple[str, str, str, str | None]


def _raw(field: str, value: str) -> str:
    """Return a frame that publishes, one value of which is written as no encoder would."""
    return publish(**{field: "@"}).replace('"@"', value)


NOT_AN_OBJECT: list[Row] = [
    ("no JSON", "hello", JSON, None),
    ("an empty frame", "", JSON, None),
    ("white space", " \n", JSON, None),
    ("an array", f"[{publish()}]", JSON, None),
    ("a string", '"ping"', JSON, None),
    ("a number", "1", JSON, None),
    ("true", "true", JSON, None),
    ("null", "null", JSON, None),
    ("an object cut short", publish()[:-1], JSON, None),
    ("two objects", publish() + publish(), JSON, None),
    ("a byte order mark", "\ufeff" + publish(), JSON, None),
    ("single quotes", publish().replace('"', "'"), JSON, None),
    ("a trailing comma", publish()[:-1] + ",}", JSON, None),
    ("a comment", publish() + "// done", JSON, None),
    ("a line break in a string", _raw("message", '"a\nb"'), JSON, None),
    ("a control character in a string", _raw("message", '"a\x00b"'), JSON, None),
]

NOT_INTEROPERABLE: list[Row] = [
    ("a name twice", publish()[:-1] + ',"ref":"2"}', JSON, None),
    ("a name twice, once escaped", publish()[:-1] + ',"r\\u0065f":"2"}', JSON, None),
    ("a name twice, deep inside", _raw("extra", '[{"a":1,"a":1}]'), JSON, None),
    ("NaN", _raw("extra", "NaN"), JSON, None),
    ("Infinity", _raw("extra", "Infinity"), JSON, None),
    ("-Infinity", _raw("extra", "[-Infinity]"), JSON, None),
    ("an infinite double", _raw("extra", "1e400"), JSON, None),
    ("an infinite negative double", _raw("extra", "-1e400"), JSON, None),
    ("a number of 5,000 digits", _raw("extra", "7" * 5_000), JSON, None),
    ("a ref of 5,000 digits", _raw("ref", "7" * 5_000), JSON, None),
    ("a fraction of 5,000 digits", _raw("extra", "0." + "7" * 5_000), JSON, None),
    ("an integer beyond a double", _raw("extra", "7" * 309), JSON, None),
    ("a ref of 300 digits", _raw("ref", "7" * 300), MESSAGE, "ref"),
    ("900 levels of arrays", _raw("extra", "[" * 900 + "]" * 900), JSON, None),
    ("900 levels of objects", _raw("extra", '{"a":' * 900 + "1" + "}" * 900), JSON, None),
    ("100,000 levels of arrays", "[" * 100_000 + "]" * 100_000, JSON, None),
    ("100,000 levels, closed", _raw("extra", "[" * 100_000 + "]" * 100_000), JSON, None),
    ("100,000 levels, open", '{"a":' * 100_000, JSON, None),
    ("a lone high surrogate", _raw("message", '"\\ud83d"'), JSON, None),
    ("a lone low surrogate", _raw("message", '"\\udcb3"'), JSON, None),
    ("surrogates in the wrong order", _raw("message", '"\\udcb3\\ud83d"'), JSON, None),
    ("a lone surrogate in a name", publish()[:-1] + ',"\\ud83d":1}', JSON, None),
    ("a lone surrogate in a ref", _raw("ref", '"\\ud83d"'), JSON, None),
    ("a lone surrogate, not escaped", _raw("message", '"\ud83d"'), JSON, None),
]

MISSING: list[Row] = [
    ("nothing at all", "{}", MESSAGE, "client"),
    *((f"publish without {each}", without(PUBLISH, each), MESSAGE, each) for each in PUBLISH),
    *(
        (f"subscribe without {each}", without(SUBSCRIBE, each), MESSAGE, each)
        for each in ("client", "merchant_id", "ref")
    ),
    *(
        (f"unsubscribe without {each}", without(UNSUBSCRIBE, each), MESSAGE, each)
        for each in ("merchant_id", "ref")
    ),
    ("unsubscribe without its action", without(UNSUBSCRIBE, "action"), MESSAGE, "client"),
]

_NOT_STRINGS: list[Any] = [None, True, False, 1.5, [], ["x"], {}, {"S": "x"}]

WRONG_TYPES: list[Row] = [
    *(
        (f"{field} is {json.dumps(value)}", publish(**{field: value}), MESSAGE, field)
        for field in (*PUBLISH, "id")
        for value in (*_NOT_STRINGS, *([] if field == "ref" else [7]))
    ),
]

_INVALID_MERCHANTS = {
    "empty": "",
    "of 129 characters": "m" * 129,
    "with the separator": "a#b",
    "with a space": "a b",
    "with a slash": "a/b",
    "with a letter beyond ASCII": "é",
    "with a digit beyond ASCII": "٣",
    "with NUL": "a\x00",
    "with a line feed at its end": "a\n",
    "with DEL": "a\x7f",
}
_INVALID_REFS: dict[str, Any] = {
    "empty": "",
    "of 513 bytes": "r" * 513,
    "of 514 bytes in 257 characters": "é" * 257,
    "of 516 bytes in 129 characters": "💳" * 129,
    "with NUL": "\x00",
    "with a line feed at its end": "a\n",
    "with a tabulator": "a\tb",
    "with DEL": "a\x7f",
    "with a control character of C1": "a\x85b",
    "true": True,
    "false": False,
    "a float that is whole": 1.0,
    "a float": 1.5,
    "a float beyond the integers": 1e300,
    "2^53": 2**53,
    "-2^53": -(2**53),
}

INVALID_FIELDS: list[Row] = [
    *(
        (f"{name}: {field} {how}", build(**{field: value}), MESSAGE, field)
        for field, values in (("merchant_id", _INVALID_MERCHANTS), ("ref", _INVALID_REFS))
        for how, value in values.items()
        for name, build in (("publish", publish), ("subscribe", subscribe), ("un", unsubscribe))
    ),
    ("an unknown client", publish(client="server"), MESSAGE, "client"),
    ("a client in capitals", publish(client="Backend"), MESSAGE, "client"),
    ("an empty client", publish(client=""), MESSAGE, "client"),
    ("an unknown status", publish(status="pending"), MESSAGE, "status"),
    ("an empty status", publish(status=""), MESSAGE, "status"),
    ("an empty project", publish(project=""), MESSAGE, "project"),
    ("a project of 129 characters", publish(project="p" * 129), MESSAGE, "project"),
    ("an empty type", publish(type=""), MESSAGE, "type"),
    ("a type of 129 characters", publish(type="t" * 129), MESSAGE, "type"),
    ("an empty id", publish(id=""), MESSAGE, "id"),
    ("an id of 129 characters", publish(id="i" * 129), MESSAGE, "id"),
    ("an id beyond ASCII", publish(id="é"), MESSAGE, "id"),
    ("an id that is not printable", publish(id="a\tb"), MESSAGE, "id"),
    ("an id with a line feed at its end", publish(id="a\n"), MESSAGE, "id"),
]

_INVALID_ACTIONS: list[Any] = [
    *("$connect", "$disconnect", "$default", "subscribe", "Ping", ""),
    *(None, 1, [], {}),
]

ACTIONS: list[Row] = [
    (f"the action {json.dumps(value)}", build(action=value), MESSAGE, "action")
    for value in _INVALID_ACTIONS
    for build in (publish, unsubscribe)
]

_INVALID_TIMES: list[Any] = [
    "", "yesterday", "2026-11-23", "2026-11-23T09:30:00", "2026-11-23 09:30:00Z",
    "20261123T093000Z", "2026-W48-1T09:30:00Z", "2026-02-30T09:30:00Z", "2026-11-23T25:30:00Z",
    "2026-11-23T09:30Z", "2026-11-23T09:30:00,125Z", "2026-11-23T09:30:00Z\n",
    " 2026-11-23T09:30:00Z", "٢026-11-23T09:30:00Z", "2026-11-23T24:00:00Z",
    "2026-11-23T23:60:00Z", "2026-11-23T23:59:60Z", "2026-11-23T09:30:00+05:60",
    "2026-11-23T09:30:00-00:99", "2026-11-23T09:30:00+24:00", "2026-11-23T09:30:00+25:00",
    "2026-11-23T09:30:00+05:30:15", "2026-11-23T09:30:00+0530", "9999-12-31T23:59:59-01:00",
    "0001-01-01T00:00:00+01:00", "0000-01-01T00:00:00Z", 1_795_426_200, 1.5, True, None, [],
]  # fmt: skip

TIMES: list[Row] = [
    (f"since is {json.dumps(value)}", subscribe(since=value), MESSAGE, "since")
    for value in _INVALID_TIMES
]

TOO_LARGE: list[Row] = [
    ("128 KiB of message", publish(message="m" * 128 * 1024), "too_large", None),
    ("128 KiB of many fields", publish(extra=["m" * 1024] * 128), "too_large", None),
    ("128 KiB of two-byte letters", publish(message="é" * 64 * 1024), "too_large", None),
    ("6 MB", publish(message="m" * 6_000_000), "too_large", None),
]

TABLE = [
    *NOT_AN_OBJECT,
    *NOT_INTEROPERABLE,
    *MISSING,
    *WRONG_TYPES,
    *INVALID_FIELDS,
    *ACTIONS,
    *TIMES,
    *TOO_LARGE,
]
