"""The origins that a stage lists: what is refused at synth, and what the function reads of it."""

import json
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from infra.origins import MAX_BYTES, variable
from infra.stages import DEV, Stage
from lambdas.layer import settings
from tests.infra.conftest import synthesised_stage

NAME = "ALLOWED_ORIGINS"
LAMBDAS_LIMIT = 4096


def stage_with(*origins: str) -> Stage:
    return replace(DEV, allowed_origins=origins)


def shops(number: int) -> list[str]:
    """Return explicit origins as a real platform has them: unlike each other, some 33 bytes."""
    chosen = random.Random(7)  # noqa: S311 - names of shops
    words = ("perfume", "boutique", "abaya", "flower", "dates", "gulf", "pearl", "oud", "sweet",
             "coffee", "falcon", "desert", "palm", "home", "kitchen", "sport", "watch", "optics",
             "books", "toys", "garden", "royal", "modern", "noor", "amal", "yasmin")  # fmt: skip
    ends = ("com", "com.kw", "shop", "store", "sa", "ae", "online")
    return [
        f"https://{chosen.choice(('www', 'pay', 'shop'))}.{'-'.join(chosen.sample(words, 2))}"
        f"{chosen.randrange(100)}.{chosen.choice(ends)}"
        for _ in range(number)
    ]


@pytest.mark.parametrize(
    "origin",
    [
        "https://pay.example.com",
        "http://localhost:8000",
        "http://192.168.1.7:8000",
        "http://[::1]:8000",
        "https://xn--bcher-kva.example",
        "https://*.shop.example",
        "https://*.shop.example:8443",
        "http://*.localhost:3000",
        "capacitor://localhost",
        "ionic://localhost",
        "app://bundle",
        "app://localhost:443",
        "moz-extension://0a1b2c3d-0000-4000-8000-000000000000",
        "null",
        "file://",
    ],
)
def test_what_a_browser_sends_can_be_listed(origin: str) -> None:
    assert stage_with(origin).allowed_origins == (origin,)


@pytest.mark.parametrize(
    ("origin", "remedy"),
    [
        ("pay.example.com", "scheme://host"),
        ("https://pay.example.com/", "without a path or a slash at the end"),
        ("https://pay.example.com/shop", "without a path"),
        ("https://Pay.example.com", "in lower case"),
        ("https://pay.example.com.", "scheme://host"),
        ("https://.example.com", "scheme://host"),
        ("https://pay..example.com", "scheme://host"),
        ("https://user@pay.example.com", "scheme://host"),
        ("https://a.example,https://b.example", "scheme://host"),
        ("https://pay.example.com:", "scheme://host"),
        ("https://pay.example.com:08443", "scheme://host"),
        ("https://pay.example.com\n", "scheme://host"),
        ("https://", "scheme://host"),
        ("Null", "scheme://host"),
        ("", "scheme://host"),
        ("https://pay.example.com:70000", "end at 65535"),
        ("https://pay.example.com:443", "without :443"),
        ("http://pay.example.com:80", "without :80"),
        ("https://bücher.example", "xn-- form"),
        ("*", "list no origin at all"),
        ("https://*", "exactly one label"),
        ("https://*.com", "at least two labels"),
        ("https://*.", "exactly one label"),
        ("https://*.*.example", "exactly one label"),
        ("https://*shop.example.com", "the whole first label"),
        ("https://shop-*.example.com", "the whole first label"),
        ("https://pay.*.example", "the whole first label"),
        ("https://**.shop.example", "the whole first label"),
        ("https://*.168.1.7:80", "exactly one label"),
        ("*://shop.example.com", "the whole first label"),
        ("https://shop.example.com:*", "the whole first label"),
    ],
)
def test_what_no_browser_sends_is_refused_by_its_name_and_with_the_remedy(
    origin: str, remedy: str
) -> None:
    with pytest.raises(ValueError, match="stage dev: allowed origin") as refused:
        stage_with("https://pay.example.com", origin)
    assert repr(origin) in str(refused.value)
    assert remedy in str(refused.value)


@pytest.mark.parametrize("number", [0, 2, 40, 150])
def test_the_function_reads_the_origins_that_are_listed(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = shops(number)
    monkeypatch.setenv(NAME, variable(listed))
    assert settings.entries(NAME) == set(listed)


def test_a_list_that_fits_stays_readable() -> None:
    listed = [f"https://{letter * 55}.example" for letter in "abcdefghijklmnopqrstuvwxyz"]
    assert variable(listed) == ",".join(listed)
    full = [*listed, "https://" + "x" * (MAX_BYTES - len(",".join(listed)) - 9)]
    assert variable(full) == ",".join(full)
    assert len(variable(full)) == MAX_BYTES
    assert variable([*full, "null"]).startswith("zlib=")


def test_150_explicit_origins_leave_the_environment_below_lambdas_limit(
    context: Mapping[str, str], tmp_path: Path
) -> None:
    listed = shops(150)
    assert len(",".join(listed)) > LAMBDAS_LIMIT
    template = synthesised_stage(stage_with(*listed), context, tmp_path)
    for name in ("connect", "default"):
        variables = template.function(name).properties["Environment"]["Variables"]
        assert len(json.dumps(variables)) <= LAMBDAS_LIMIT


def test_the_other_variables_leave_the_room_that_the_longest_list_takes(
    context: Mapping[str, str], tmp_path: Path
) -> None:
    longest = stage_with("https://" + "x" * (MAX_BYTES - 8))
    template = synthesised_stage(longest, context, tmp_path)
    for name in ("connect", "default"):
        variables = template.function(name).properties["Environment"]["Variables"]
        assert MAX_BYTES < len(json.dumps(variables)) <= LAMBDAS_LIMIT


def test_more_than_the_environment_holds_is_refused_at_synth_with_the_remedy() -> None:
    noise = random.Random(7)  # noqa: S311 - what does not compress
    listed = [f"https://{noise.getrandbits(160):040x}.example" for _ in range(150)]
    with pytest.raises(ValueError, match="stage dev: the allowed origins take 8549 bytes") as long:
        stage_with(*listed)
    assert "list a wildcard, like https://*.shop.example" in str(long.value)
    assert str(MAX_BYTES) in str(long.value)
