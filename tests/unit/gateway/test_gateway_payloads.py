"""What devices write on their topics: any bytes give values, a notice, a result, or words that say why
not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.errors import SetupError
from streamer.gateway.devices import MAX_DEVICES, Devices
from streamer.gateway.payloads import (
    MAX_TEXT_CHARACTERS,
    DeviceNotice,
    PayloadError,
    notice_of,
    result_of,
    value_of,
    values_of,
)
from streamer.gateway.topics import Topics


def test_a_json_object_gives_values_and_inner_objects_their_dotted_names() -> None:
    payload = b'{"temperature": 21.5, "on": true, "position": {"lat": 48.1, "lon": null}, "list": [1, "a"]}'
    assert values_of(payload) == {
        "temperature": 21.5, "on": True, "position.lat": 48.1, "position.lon": None, "list": '[1, "a"]'
    }  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b"21.5", 21.5), (b"true", True), (b"null", None), (b"open", "open"), (b"", ""), (b"NaN", "NaN"),
        (b"1e999", None), (b"9007199254740993", 9007199254740992.0), (b'"x"', "x"), ("ü".encode(), "ü"),
        (b"x" * 9_000, "x" * (MAX_TEXT_CHARACTERS - 1) + "…"),
    ],
)  # fmt: skip
def test_a_plain_value_is_a_number_a_truth_or_a_text(payload: bytes, value: object) -> None:
    assert value_of(payload) == value


@pytest.mark.parametrize("payload", [b"", b"[]", b"3", b"{", b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_what_holds_no_values_is_said_in_words(payload: bytes) -> None:
    with pytest.raises(PayloadError, match="it is not"):
        values_of(payload)


def test_more_values_than_a_relay_takes_are_refused() -> None:
    with pytest.raises(PayloadError, match="4,096 are allowed"):
        values_of(json.dumps({f"reading {number}": number for number in range(400)}).encode())


def test_a_notice_is_plain_text_or_an_object() -> None:
    assert notice_of(b"Somebody is at the gate") == DeviceNotice("Somebody is at the gate")
    payload = {"text": "Fire", "title": "Hall", "level": "alarm", "sound": True, "actions": ["I go"], "id": 7}
    assert notice_of(json.dumps(payload).encode()) == DeviceNotice(
        "Fire", "Hall", "alarm", True, ("I go",), "7"
    )


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"   ", b"\xff", b"{}", b'{"text": 3}', b'{"text": "a", "level": "red"}',
        b'{"text": "a", "sound": 1}',
        b'{"text": "a", "level": []}', b'{"text": "a", "actions": "Open"}', b'{"text": "a", "actions": [3]}',
        b'{"text": "a", "actions": ["1", "2", "3", "4", "5"]}', b'{"text": "a", "title": {}}', b"x" * 3_000,
    ],
)  # fmt: skip
def test_what_is_no_notice_is_said_in_words(payload: bytes) -> None:
    with pytest.raises(PayloadError):
        notice_of(payload)


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b'{"id": 3, "outcome": "done"}', b'{"id": "a", "outcome": "great"}',
                b'{"id": "a", "outcome": []}', b'{"id": "a", "outcome": "done", "message": 3}'],
)  # fmt: skip
def test_what_is_no_result_is_said_in_words(payload: bytes) -> None:
    with pytest.raises(PayloadError):
        result_of(payload)


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
).map(lambda found: json.dumps(found).encode()))  # fmt: skip
def test_any_bytes_at_all_are_taken_or_refused_and_what_is_taken_fits_json(payload: bytes) -> None:
    readers: list[Any] = [values_of, value_of, notice_of, result_of]
    for read in readers:
        try:
            found = read(payload)
        except PayloadError:
            continue
        if read in (values_of, value_of):
            json.dumps(found, allow_nan=False)


# ---- topics


def test_each_topic_says_which_device_and_what() -> None:
    topics = Topics("house", "home", ("zigbee2mqtt/+",))
    assert topics.parse("house/device/lamp/telemetry") == ("lamp", "telemetry", "")
    assert topics.parse("house/device/lamp/telemetry/power_w") == ("lamp", "telemetry", "power_w")
    assert topics.parse("house/room/home/announce") == ("", "announce", "")
    assert topics.parse("zigbee2mqtt/door") == ("door", "telemetry", "")
    assert topics.parse("zigbee2mqtt/door/availability") is None
    assert topics.parse("house/room/kitchen/announce") is None


@pytest.mark.parametrize("kind", ["notice", "status", "telemetry", "result", "telemetry/+"])
@pytest.mark.parametrize("name", ["+", "#", "a+", "lamp\0"])
def test_nothing_that_is_said_on_a_wildcard_is_of_a_device(kind: str, name: str) -> None:
    """No broker delivers that, unless it means harm: our answer there would go to every device."""
    topics = Topics("house", "home", ("zigbee2mqtt/+",))
    assert topics.parse(f"house/device/{name}/{kind}") is None
    assert topics.parse(f"zigbee2mqtt/{name}") is None


@pytest.mark.parametrize("room", ["+", "#", "a/b", "home/../kitchen", "a\0b", "a\nb"])
def test_a_room_whose_name_would_reach_the_topics_of_others_is_refused(room: str) -> None:
    """It comes out of a link, which somebody else may have made."""
    with pytest.raises(SetupError, match="no name of a room"):
        Topics("house", room).check()


@pytest.mark.parametrize("prefix", ["", "a/#", "+", "$SYS", "/a", "a/", "a\nb", "x" * 101])
def test_a_prefix_that_can_not_be_subscribed_to_is_refused(prefix: str) -> None:
    with pytest.raises(SetupError, match="prefix"):
        Topics(prefix, "home").check()


@pytest.mark.parametrize("pattern", ["", "a/b", "a/+/+", "a/#", "a/x+", "+/#"])
def test_a_pattern_without_a_place_for_the_device_is_refused(pattern: str) -> None:
    with pytest.raises(SetupError, match="pattern"):
        Topics("house", "home", (pattern,)).check()


# ---- what is known of devices


def told(devices: Devices) -> dict[str, object]:
    return dict(devices.untold())


def test_readings_are_merged_and_each_change_is_told_once() -> None:
    devices = Devices(lambda: None)
    devices.take_values("lamp", {"on": True})
    devices.take_values("lamp", {"power_w": 4})
    assert told(devices) == {"lamp": {"on": True, "power_w": 4}}
    assert told(devices) == {}


def test_the_readings_of_a_device_that_is_offline_are_not_known() -> None:
    devices = Devices(lambda: None)
    devices.take_values("lamp", {"on": True})
    devices.take_status("lamp", b"offline")
    assert told(devices) == {"lamp": {"status": "offline", "on": None}}
    devices.take_status("lamp", b"online")
    assert told(devices) == {"lamp": {"status": "online", "on": True}}


def test_without_the_broker_nothing_is_known_until_it_is_said_again() -> None:
    devices = Devices(lambda: None)
    devices.take_values("lamp", {"on": True})
    devices.take_status("lamp", b"online")
    devices.forget_readings()
    assert told(devices) == {"lamp": {"status": None, "on": None}}
    devices.take_values("lamp", {"on": False})
    assert told(devices) == {"lamp": {"status": None, "on": False}}


def test_a_device_whose_status_was_removed_is_gone() -> None:
    devices = Devices(lambda: None)
    devices.take_status("lamp", b"online")
    told(devices)
    devices.take_status("lamp", b"")
    assert told(devices) == {"lamp": None}
    devices.take_status("never seen", b"")
    assert told(devices) == {}


@pytest.mark.parametrize("name", ["", "x" * 65, "a\x07b"])
def test_a_device_whose_name_is_none_is_left_out(name: str) -> None:
    with pytest.raises(PayloadError, match="name of a device"):
        Devices(lambda: None).take_values(name, {"on": True})


def test_more_devices_than_a_room_is_told_of_are_left_out() -> None:
    devices = Devices(lambda: None)
    for number in range(MAX_DEVICES):
        devices.take_values(f"device {number}", {"on": True})
    with pytest.raises(PayloadError, match="100 devices already"):
        devices.take_values("one more", {"on": True})
    devices.take_values("device 3", {"on": False})


def test_readings_that_grow_beyond_what_a_relay_takes_are_refused_and_the_earlier_ones_stay() -> None:
    devices = Devices(lambda: None)
    for number in range(100):
        try:
            devices.take_values("chatterbox", {f"reading {number}": "x" * 100})
        except PayloadError:
            break
    else:
        raise AssertionError("it took everything")
    shown = told(devices)["chatterbox"]
    assert isinstance(shown, dict)
    assert 30 < len(shown) < 40
