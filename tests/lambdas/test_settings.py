"""The environment: what is missing or wrong is named."""

import pytest

from lambdas.layer import settings
from lambdas.layer.settings import InvalidSettingError, MissingSettingError

NAME = "OF_THIS_TEST"


def test_a_text_is_returned_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "a table")
    assert settings.text(NAME) == "a table"


@pytest.mark.parametrize("read", [settings.text, settings.seconds, settings.address])
@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_missing_or_empty_is_named(
    read: object, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(NAME, raising=False)
    if value is not None:
        monkeypatch.setenv(NAME, value)
    assert callable(read)
    with pytest.raises(MissingSettingError, match=f"{NAME} is not set.*make -s env") as missing:
        read(NAME)
    assert missing.value.name == NAME


def test_seconds_are_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "3600")
    assert settings.seconds(NAME) == 3600


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "1h", " 60", "٣", "²"])
def test_seconds_that_are_not_a_positive_whole_number_are_named(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(InvalidSettingError, match=f"{NAME} must be a positive") as invalid:
        settings.seconds(NAME)
    assert invalid.value.name == NAME


@pytest.mark.parametrize("value", ["https://a.example/prod", "https://a.example/prod/"])
def test_an_address_loses_its_trailing_slash(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, value)
    assert settings.address(NAME) == "https://a.example/prod"


@pytest.mark.parametrize("value", ["a.example/prod", "wss://a.example/prod", "${Token[1]}"])
def test_an_address_of_another_protocol_is_named(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(InvalidSettingError, match=f"{NAME} must be an address"):
        settings.address(NAME)


def test_entries_are_separated_by_commas_and_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, " https://A.example, https://b.example ,,")
    assert settings.entries(NAME) == {"https://a.example", "https://b.example"}


def test_entries_may_be_empty_but_must_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "")
    assert settings.entries(NAME) == frozenset()
    monkeypatch.delenv(NAME)
    with pytest.raises(MissingSettingError, match=NAME):
        settings.entries(NAME)


@pytest.mark.parametrize("value", ["zlib=", "zlib=!!", "zlib=aGVsbG8=", "zlib=é"])
def test_entries_that_were_compressed_wrongly_are_named(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(InvalidSettingError, match=f"{NAME} must be zlib's output in Base64"):
        settings.entries(NAME)


SECOND = f"{NAME}_TOO"


@pytest.mark.parametrize(
    ("first", "second", "address"),
    [
        ("https://a.example", "https://b.example", "https://a.example"),
        (None, "https://b.example/", "https://b.example"),
        ("", "http://b.example", "http://b.example"),
        ("https://a.example", "no address", "https://a.example"),
    ],
)
def test_of_several_addresses_the_first_that_is_set_counts(
    first: str | None, second: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(NAME, raising=False)
    if first is not None:
        monkeypatch.setenv(NAME, first)
    monkeypatch.setenv(SECOND, second)
    assert settings.address(NAME, SECOND) == address


def test_of_several_addresses_the_one_that_is_missing_or_wrong_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (NAME, SECOND):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MissingSettingError, match=f"{NAME} is not set"):
        settings.address(NAME, SECOND)
    monkeypatch.setenv(SECOND, "b.example")
    with pytest.raises(InvalidSettingError, match=f"{SECOND} must be an address"):
        settings.address(NAME, SECOND)


def test_a_choice_is_one_of_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "off")
    assert settings.choice(NAME, {"on", "off"}) == "off"
    for value in ("Off", " off", "maybe"):
        monkeypatch.setenv(NAME, value)
        with pytest.raises(InvalidSettingError, match=f"{NAME} must be one of off, on"):
            settings.choice(NAME, {"on", "off"})
    monkeypatch.delenv(NAME)
    with pytest.raises(MissingSettingError, match=NAME):
        settings.choice(NAME, {"on", "off"})
