"""One device behind a gateway says too much, or says what no relay takes: the others are heard as before."""

import asyncio
import json
import logging
import random
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import pytest
from gateway_fixture import Behind, Watcher, bridging, until
from messages import welcome
from mosquitto import Mosquitto
from offline_room import OfflineRoom
from relay_fixture import House

from streamer.client import reports, unattended
from streamer.client.events import Notice, Refused
from streamer.gateway import broker
from streamer.gateway.devices import Devices
from streamer.gateway.fair_queue import FairQueue
from streamer.gateway.notices import MAX_WAITING, Notices
from streamer.gateway.payloads import DeviceNotice, PayloadError, name_of, values_of
from streamer.relay.access.allowance import REPORT_BYTES

UNSEEN = ["", " ", "\u200b", "\u034f", "\ufe0f", "\u0301", "\u202e", "\x07", "\u3000"]


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unattended, "LONGEST_WAIT_S", 0.1)
    monkeypatch.setattr("streamer.client.spoken_text.PROGRAM", "no-such-program")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as mosquitto:
        yield mosquitto


# ---- what no relay takes


@pytest.mark.parametrize("name", UNSEEN)
async def test_a_reading_whose_name_nobody_sees_does_not_silence_its_device(
    mosquitto: Mosquitto, name: str
) -> None:
    async with (
        House.open() as house,
        bridging(house, mosquitto) as bridge,
        Watcher.open(bridge.host_link) as host,
    ):
        async with Behind.open(mosquitto, "gate") as gate:
            await gate.say("telemetry", {name: 1, "open": True})
            await gate.say("telemetry", {"open": False})
            await until(
                lambda: host.readings.get("gate") == {"open": False}, lambda: (host.readings, bridge.told)
            )
        assert any("a name that can't be seen" in line for line in bridge.told)


def test_a_text_that_grows_when_it_is_normalized_has_the_size_that_a_relay_counts() -> None:
    growing = "\U0001d160" * 400
    with pytest.raises(PayloadError, match="4,096 are allowed"):
        values_of(json.dumps({"a": growing, "b": growing, "c": growing}).encode())
    assert name_of("e\u0301 \u200b x") == "\xe9 x"


@pytest.mark.parametrize("name", [*UNSEEN, " a", "a  b", "e\u0301", "a\u200b"])
def test_a_device_whose_name_a_relay_would_change_is_left_out(name: str) -> None:
    with pytest.raises(PayloadError, match="name of a device"):
        Devices(lambda: None).take_values(name, {"on": True})


async def test_no_report_is_refused_however_large_and_often_the_readings_are() -> None:
    """A report that the relay refuses is not told again, so the room would show an old one for ever."""
    offline = OfflineRoom(welcome())
    offline.sent.clear()
    sizes = []
    now_s = reports.perf_counter()
    clock = [now_s]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reports, "perf_counter", lambda: clock[0])
        for number in range(1_000):
            clock[0] = now_s + number * 0.05
            offline.room.tell({"text": "x" * 4_000, "number": number}, device=f"d{number % 16}")
            sizes.append(sum(len(json.dumps(each)) for each in offline.sent if each["type"] == "telemetry"))
            assert sizes[-1] <= REPORT_BYTES.size + REPORT_BYTES.per_s * (clock[0] - now_s)
        clock[0] += 60
        offline.room._reports._send_due()
    last = {each["device"]: each["values"]["number"] for each in offline.sent if each["type"] == "telemetry"}
    assert last == {f"d{number % 16}": number for number in range(984, 1_000)}


# ---- too much


def test_where_a_queue_is_full_the_loudest_loses_its_oldest() -> None:
    queue = FairQueue[int](4)
    assert queue.put("quiet", 0) is None
    assert [queue.put("loud", number) for number in range(1, 7)] == [None, None, None, "loud", "loud", "loud"]
    assert [queue.pop() for _ in range(len(queue))] == [0, 4, 5, 6]


def test_a_queue_holds_what_was_put_in_order_and_no_more_than_its_bound() -> None:
    dice, queue, most = random.Random(1), FairQueue[int](16), 0
    for number in range(5_000):
        if dice.random() < 0.6:
            queue.put(f"device {dice.randrange(40)}", number)
        elif len(queue):
            queue.pop()
        most = max(most, len(queue))
    left = [queue.pop() for _ in range(len(queue))]
    assert most == 16
    assert left == sorted(left)
    assert not queue._of


def test_a_device_that_says_notices_without_end_displaces_its_own() -> None:
    notices = Notices(lambda line: None)
    notices.put("doorbell", DeviceNotice("Somebody rings"))
    for number in range(3 * MAX_WAITING):
        notices.put("siren", DeviceNotice(str(number)))
    assert len(notices._waiting) == MAX_WAITING
    assert notices._waiting.first.device == "doorbell"


async def test_a_flood_from_one_device_costs_no_other_one_its_word_and_the_log_one_line(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The broker hands over messages faster than they are handled: the queue of the gateway is full all the
    time."""
    monkeypatch.setattr(broker, "MAX_QUEUED", 8)
    caplog.set_level(logging.WARNING)
    async with (
        House.open() as house,
        bridging(house, mosquitto) as bridge,
        Watcher.open(bridge.host_link) as host,
    ):
        queue, release = bridge.gateway._broker._client._queue, asyncio.Event()
        getting = queue.get

        async def get_when_released() -> aiomqtt.Message:
            await release.wait()
            found: aiomqtt.Message = await getting()
            return found

        queue.get = get_when_released
        async with Behind.open(mosquitto, "doorbell") as doorbell, Behind.open(mosquitto, "loud") as loud:
            await doorbell.say("telemetry", {"first": 1})  # for who waits for one already
            await until(lambda: host.readings.get("doorbell") == {"first": 1})
            await doorbell.say("notice", "Somebody rings")
            for number in range(100):
                await loud.say("telemetry", {"number": number})
            await until(lambda: any("loud says more" in line for line in bridge.told), lambda: bridge.told)
            assert queue.qsize() <= 8
            release.set()
            await until(
                lambda: [each.text for each in host.of(Notice)] == ["Somebody rings"], lambda: bridge.told
            )
            await until(lambda: host.readings.get("loud") == {"number": 99}, lambda: host.readings)
        assert sum("says more" in line for line in bridge.told) == 1
        assert not host.of(Refused)
    assert "queue is full" not in caplog.text
