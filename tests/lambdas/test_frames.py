"""What a frame asks for. What is refused, through the whole handler, is in test_bad_input.py."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lambdas.layer.protocol.errors import InvalidMessage, RejectedRequest
from lambdas.layer.protocol.frames import (
    Ping,
    Publish,
    Subscribe,
    Unsubscribe,
    parse,
    parse_object,
    parse_topic,
)
from lambdas.layer.protocol.topic import Topic
from tests.kit.frames import (
    PUBLISH,
    SUBSCRIBE,
    TOPIC,
    UNSUBSCRIBE,
    publish,
    subscribe,
    unsubscribe,
)


def test_a_frame_of_a_backend_publishes_the_whole_object() -> None:
    assert parse(publish()) == Publish(TOPIC, None, PUBLISH)


def test_a_frame_of_a_backend_may_carry_an_id() -> None:
    request = parse(publish(id="order 7"))
    assert isinstance(request, Publish)
    assert request.id == "order 7"


def test_a_frame_of_a_frontend_subscribes() -> None:
    assert parse(subscribe()) == Subscribe(TOPIC, None)


def test_a_frontend_needs_nothing_but_its_merchant_and_ref() -> None:
    text = '{"client":"frontend","merchant_id":"merchant_id","ref":"12303"}'
    assert parse(text) == Subscribe(TOPIC, None)


def test_other_fields_of_a_subscribe_are_not_interpreted() -> None:
    frame = subscribe(project=[], type=None, status="what", message={"a": 1}, id=7, sent_at=True)
    assert parse(frame) == Subscribe(TOPIC, None)


def test_of_two_broken_fields_the_first_is_to_blame_also_before_a_ref_of_1_0() -> None:
    for frame in (publish(merchant_id=7, ref=1.0), subscribe(merchant_id=7, ref=1.0)):
        with pytest.raises(InvalidMessage) as invalid:
            parse(frame)
        assert invalid.value.field == "merchant_id"


def test_since_is_a_point_in_time() -> None:
    request = parse(subscribe(since="2026-11-23T09:30:00.125Z"))
    assert request == Subscribe(TOPIC, 1_795_426_200_125)


@pytest.mark.parametrize("since", ["2026-11-23T09:30:00Z", "2026-11-23T10:30:00.000001+01:00"])
def test_since_may_be_any_time_of_rfc_3339(since: str) -> None:
    assert parse(subscribe(since=since)) == Subscribe(TOPIC, 1_795_426_200_000)


def test_a_frame_with_an_action_is_a_control_frame_whatever_its_other_fields() -> None:
    assert parse(unsubscribe()) == Unsubscribe(TOPIC)
    assert parse(json.dumps({**PUBLISH, **UNSUBSCRIBE})) == Unsubscribe(TOPIC)
    assert parse('{"action":"ping"}') == Ping()
    assert parse(publish(action="ping")) == Ping()
    assert parse(publish(action="ping", ref=1.5)) == Ping()


def test_white_space_around_a_frame_is_ignored() -> None:
    assert parse(f" \r\n\t{publish()}\n") == Publish(TOPIC, None, PUBLISH)


@pytest.mark.parametrize("merchant_id", ["m", "A-Z_a.z:0-9", "m" * 128])
def test_a_merchant_id_is_up_to_128_plain_characters(merchant_id: str) -> None:
    assert parse(subscribe(merchant_id=merchant_id)) == Subscribe(Topic(merchant_id, "12303"), None)


@pytest.mark.parametrize("ref", ["1", "r" * 512, "é" * 256, "€" * 170, "a b#c/d?", "💳", "\u2028"])
def test_a_ref_is_up_to_512_bytes_of_utf_8(ref: str) -> None:
    assert parse(subscribe(ref=ref)) == Subscribe(Topic("merchant_id", ref), None)


@pytest.mark.parametrize("ref", [0, -1, 2**53 - 1, -(2**53 - 1)])
def test_a_ref_may_be_an_integer_that_every_reader_reads_alike(ref: int) -> None:
    request = parse(subscribe(ref=ref))
    assert request == Subscribe(Topic("merchant_id", ref), None)


def test_an_integer_has_the_key_of_its_decimal_string() -> None:
    assert Topic("m", 12303).key == Topic("m", "12303").key == "m#12303"
    assert Topic("m", -7).key == "m#-7"


@pytest.mark.parametrize("field", ["project", "type"])
def test_project_and_type_are_measured_in_characters(field: str) -> None:
    request = parse(publish(**{field: "é" * 128}))
    assert isinstance(request, Publish)


def test_a_message_may_be_empty_and_long() -> None:
    assert isinstance(parse(publish(message="")), Publish)
    assert isinstance(parse(publish(message="m" * 100_000)), Publish)


@pytest.mark.parametrize("status", ["done", "failed"])
def test_a_status_is_done_or_failed(status: str) -> None:
    assert isinstance(parse(publish(status=status)), Publish)


@pytest.mark.parametrize("id_", [" ", "~", "i" * 128, "BFHPhFe3IAMF95g="])
def test_an_id_is_up_to_128_printable_characters_of_ascii(id_: str) -> None:
    assert isinstance(parse(publish(id=id_)), Publish)


def test_an_escaped_pair_of_surrogates_is_the_character_that_it_spells() -> None:
    request = parse(publish().replace("12303", "\\ud83d\\udcb3"))
    assert isinstance(request, Publish)
    assert request.topic.ref == "💳"


def test_brackets_within_texts_are_not_nesting() -> None:
    assert isinstance(parse(publish(message="[{" * 1000)), Publish)


def test_nesting_is_allowed_up_to_64_levels() -> None:
    def nested(levels: int) -> str:
        return '{"a":' + "[" * (levels - 1) + "]" * (levels - 1) + "}"

    assert parse_object(nested(64))
    with pytest.raises(RejectedRequest):
        parse_object(nested(65))


def test_nesting_is_counted_in_depth_and_not_in_number() -> None:
    text = json.dumps({"a": [[{}]] * 1000})
    assert len(parse_object(text)["a"]) == 1000


def test_integers_beyond_a_double_keep_every_digit() -> None:
    assert parse_object('{"a":9007199254740993}') == {"a": 2**53 + 1}


def test_a_topic_is_read_from_any_object_that_names_one() -> None:
    assert parse_topic(publish()) == TOPIC
    assert parse_topic('{"merchant_id":"m","ref":7}') == Topic("m", 7)


@pytest.mark.parametrize("field", ["merchant_id", "ref"])
def test_a_topic_needs_both_of_its_parts(field: str) -> None:
    text = json.dumps({name: "1" for name in ("merchant_id", "ref") if name != field})
    with pytest.raises(InvalidMessage, match=field) as refusal:
        parse_topic(text)
    assert refusal.value.field == field


def test_a_rejection_describes_the_valid_values_of_the_field() -> None:
    with pytest.raises(InvalidMessage, match="`done` or `failed`"):
        parse(publish(status="maybe"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
FIELDS = sorted({*PUBLISH, *SUBSCRIBE, "id", "since", "action", "sent_at", "extra"})


@settings(deadline=None)
@given(st.text() | st.text(alphabet='{}[]":,\\u0d8aeE+-.1 ntf', max_size=40))
@example("")
@example("null")
@example("[" * 100_000)
@example('{"a":' * 100_000)
@example("\ud800")
@example('{"\\udfff":1}')
def test_no_text_whatever_raises_anything_but_a_refusal(text: str) -> None:
    try:
        parse(text)
    except RejectedRequest as refusal:
        assert refusal.code in {"invalid_json", "invalid_message"}  # noqa: PT017 - or none at all


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)))
def test_no_value_of_any_field_raises_anything_but_a_refusal(changes: dict[str, Any]) -> None:
    for frame in (PUBLISH, SUBSCRIBE, UNSUBSCRIBE):
        try:
            parse(json.dumps({**frame, **changes}))
        except RejectedRequest as refusal:
            assert refusal.field in {*FIELDS, None}  # noqa: PT017 - or none at all
