"""A gateway with a real relay and a real mosquitto: what one side says reaches the other."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import pytest
from gateway_fixture import GUEST_KEY, Behind, Watcher, bridging, until
from mosquitto import Mosquitto
from relay_fixture import House

from streamer.client import unattended
from streamer.client.events import Notice


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unattended, "LONGEST_WAIT_S", 0.1)
    monkeypatch.setattr("streamer.gateway.notices._AGAIN_S", 0.1)
    monkeypatch.setattr("streamer.client.spoken_text.PROGRAM", "no-such-program")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(
        tmp_path / "mosquitto", "persistence true", f"persistence_location {tmp_path}/"
    ) as mosquitto:
        yield mosquitto


async def test_readings_and_status_of_a_device_are_in_the_room(mosquitto: Mosquitto) -> None:
    async with (
        House.open() as house,
        bridging(house, mosquitto) as bridge,
        Watcher.open(bridge.host_link) as host,
    ):
        async with Behind.open(mosquitto, "gate") as gate:
            await gate.say("status", "online", retain=True)
            await gate.say("telemetry", {"open": False, "position": {"lat": 48.1}})
            await gate.say("telemetry/battery", "0.5")
            shown = {"status": "online", "open": False, "position.lat": 48.1, "battery": 0.5}
            await until(lambda: host.readings.get("gate") == shown, lambda: (host.readings, bridge.told))
            await gate.say("status", "")
            await until(lambda: host.readings["gate"] is None)
        [gateway] = host.named("Gateway")
        assert {
            event.member.talker_id for event in host.events if getattr(event, "device", "") == "gate"
        } == {gateway.talker_id}


@pytest.mark.parametrize("outcome", ["done", "refused", "unknown"])
async def test_a_command_reaches_its_device_and_its_answer_the_sender(
    mosquitto: Mosquitto, outcome: str
) -> None:
    async with (
        House.open() as house,
        bridging(house, mosquitto) as bridge,
        Watcher.open(bridge.host_link) as host,
    ):
        async with Behind.open(mosquitto, "gate") as gate:
            gate.outcome = outcome
            await gate.say("status", "online")
            await until(lambda: "gate" in host.readings)
            result = await host.room.command(
                host.member("Gateway"), "open", {"seconds": 20}, device="gate", deadline_s=20
            )
        assert (result.outcome, result.message) == (outcome, "by itself")
        [asked] = gate.asked
        assert (asked["name"], asked["arguments"], asked["sender"]) == ("open", {"seconds": 20}, "Host")


async def test_a_command_that_no_device_can_obey_is_answered_at_once_in_words(mosquitto: Mosquitto) -> None:
    async with (
        House.open() as house,
        bridging(house, mosquitto) as bridge,
        Watcher.open(bridge.host_link) as host,
    ):
        await until(lambda: host.named("Gateway"))
        gateway = host.member("Gateway")
        assert (await host.room.command(gateway, "open", device="nowhere")).outcome == "unknown"
        assert (await host.room.command(gateway, "open")).outcome == "unknown"
        async with Behind.open(mosquitto, "gate") as gate:
            await gate.say("status", "offline")
            await until(lambda: "gate" in host.readings)
            result = await host.room.command(gateway, "open", device="gate")
            assert (result.outcome, result.message) == ("refused", "gate is offline")
            gate.outcome = ""
            await gate.say("status", "online")
            await until(lambda: host.readings["gate"] == {"status": "online"})
            silent = await host.room.command(gateway, "open", device="gate", deadline_s=0.3)
            assert silent.outcome == "timed-out"
            assert len(gate.asked) == 1


async def test_a_device_can_not_answer_for_another_one(mosquitto: Mosquitto) -> None:
    async with (
        House.open() as house,
        bridging(house, mosquitto) as bridge,
        Watcher.open(bridge.host_link) as host,
        Behind.open(mosquitto, "gate") as gate,
        Behind.open(mosquitto, "thief") as thief,
    ):
        gate.outcome = ""
        await gate.say("status", "online")
        await until(lambda: "gate" in host.readings)
        asking = asyncio.create_task(
            host.room.command(host.member("Gateway"), "open", device="gate", deadline_s=30)
        )
        await until(lambda: gate.asked)
        for device, outcome in ((thief, "done"), (gate, "refused")):
            await device.say("result", {"id": gate.asked[0]["id"], "outcome": outcome, "message": ""})
        assert (await asking).outcome == "refused"


async def test_a_notice_of_a_device_is_told_and_the_answer_comes_back_to_it(mosquitto: Mosquitto) -> None:
    async with (
        House.open() as house,
        bridging(house, mosquitto) as bridge,
        Watcher.open(bridge.host_link) as host,
        Behind.open(mosquitto, "gate") as gate,
    ):
        await gate.say(
            "notice", {"text": "Somebody rings", "sound": True, "actions": ["Open", "Wait"], "id": "n1"}
        )
        await until(lambda: host.of(Notice), lambda: bridge.told)
        [notice] = host.of(Notice)
        assert (notice.name, notice.title, notice.text, notice.sound) == (
            "Gateway",
            "gate",
            "Somebody rings",
            True,
        )
        host.room.reply(notice, "Open")
        await until(lambda: gate.replies)
        assert gate.replies == [{"id": "n1", "action": "Open", "name": "Host"}]


async def test_home_assistant_finds_the_room_sees_who_is_there_and_announces(mosquitto: Mosquitto) -> None:
    async with (
        House.open() as house,
        bridging(house, mosquitto) as bridge,
        Watcher.open(bridge.host_link) as host,
    ):
        for component, kind in (("binary_sensor", "talking"), ("sensor", "members"), ("notify", "announce")):
            config = json.loads(
                await bridge.retained(f"homeassistant/{component}/streamer_home/{kind}/config")
            )
            assert config["availability_topic"] == "streamer/room/home/status"
            assert config.get("state_topic", config.get("command_topic")) == f"streamer/room/home/{kind}"
        await bridge.until_retained("streamer/room/home/status", "online")
        await bridge.until_retained("streamer/room/home/talking", "OFF")
        await bridge.until_retained("streamer/room/home/names", '{"names": ["Host"]}')
        saying = asyncio.create_task(say_for_a_while(host))
        await bridge.until_retained("streamer/room/home/talking", "ON")
        assert json.loads(await bridge.retained("streamer/room/home/talkers")) == {"names": ["Host"]}
        saying.cancel()
        await bridge.until_retained("streamer/room/home/talking", "OFF")
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as assistant:
            await assistant.subscribe("streamer/room/home/notice")
            await assistant.publish("streamer/room/home/announce", "Dinner is ready", qos=1)
            await until(lambda: [each.text for each in host.of(Notice)] == ["Dinner is ready"])
            message = await asyncio.wait_for(anext(aiter(assistant.messages)), 30)
            assert isinstance(message.payload, bytes)
            assert json.loads(message.payload)["text"] == "Dinner is ready"


async def say_for_a_while(host: Watcher) -> None:
    while True:
        host.room.send_packet(b"\xf8\xff\xfe")
        await asyncio.sleep(0.01)


async def test_while_the_broker_is_away_nothing_is_known_and_commands_are_refused(
    mosquitto: Mosquitto,
) -> None:
    async with (
        House.open() as house,
        bridging(house, mosquitto) as bridge,
        Watcher.open(bridge.host_link) as host,
    ):
        async with Behind.open(mosquitto, "gate") as gate:
            await gate.say("status", "online", retain=True)
            await gate.say("telemetry", {"open": True}, retain=True)
            await until(lambda: host.readings.get("gate") == {"status": "online", "open": True})
        mosquitto.stop()
        await until(lambda: host.readings["gate"] == {"status": None, "open": None}, lambda: host.readings)
        result = await host.room.command(host.member("Gateway"), "open", device="gate")
        assert (result.outcome, result.message) == ("refused", "The MQTT broker is away")
        await host.room.notify("Said while the broker was away")
        mosquitto.start()
        await until(
            lambda: host.readings["gate"] == {"status": "online", "open": True}, lambda: host.readings
        )
        await bridge.until_retained("streamer/room/home/status", "online")
        await until(lambda: not bridge.gateway._publisher._events)
        assert (
            "Said while the broker was away" in mosquitto.log or "streamer/room/home/notice" in mosquitto.log
        )


async def test_what_a_device_wants_known_while_the_room_is_away_is_told_when_it_is_back(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamer.gateway.notices.LATE_S", 0.0)
    async with House.open() as house, Behind.open(mosquitto, "gate") as gate:
        port = house.port
        link = f"http://127.0.0.1:{port}/#room=home&key=nobody-knows-it"
        async with bridging(house, mosquitto, url=link) as bridge:
            await until(
                lambda: any("The room can't be reached" in line for line in bridge.told), lambda: bridge.told
            )
            await bridge.until_retained("streamer/room/home/status", "offline")
            await gate.say("notice", "Somebody rings")
            await gate.say("telemetry", {"open": True})
            await until(lambda: bridge.gateway._notices._waiting)
            good = f"http://127.0.0.1:{port}/#room=home&key=battery-staple"
            async with Watcher.open(bridge.host_link) as host:
                object.__setattr__(bridge.gateway._options, "url", good)
                await until(lambda: host.of(Notice), lambda: bridge.told)
                assert host.of(Notice)[0].text == "Somebody rings (0 s ago)"
                await until(lambda: host.readings.get("gate") == {"open": True})


async def test_old_notices_and_answers_that_the_broker_retained_are_not_told_again(
    mosquitto: Mosquitto,
) -> None:
    async with Behind.open(mosquitto, "gate") as gate:
        await gate.say("notice", "Somebody rang a week ago", retain=True)
        await gate.say("result", {"id": "old", "outcome": "done"}, retain=True)
        async with (
            House.open() as house,
            bridging(house, mosquitto) as bridge,
            Watcher.open(bridge.host_link) as host,
        ):
            await gate.say("notice", "Somebody rings now")
            await until(lambda: host.of(Notice))
            assert [notice.text for notice in host.of(Notice)] == ["Somebody rings now"]


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"[]", b'{"a": NaN}', b"x" * 60_000, b"{" * 50_000])
async def test_what_no_device_should_say_is_left_out_in_words_and_the_others_go_on(
    mosquitto: Mosquitto, payload: bytes
) -> None:
    async with (
        House.open() as house,
        bridging(house, mosquitto) as bridge,
        Watcher.open(bridge.host_link) as host,
    ):
        async with Behind.open(mosquitto, "broken") as broken, Behind.open(mosquitto, "gate") as gate:
            for kind in ("telemetry", "notice", "result", "status"):
                await broken.say(kind, payload)
            await gate.say("telemetry", {"open": True})
            await until(lambda: host.readings.get("gate") == {"open": True}, lambda: bridge.told)
        assert any("is left out: " in line for line in bridge.told)
        assert host.named("Gateway")


async def test_a_gateway_without_the_right_to_notify_says_so_once_and_carries_readings(
    mosquitto: Mosquitto,
) -> None:
    async with House.open() as house:
        link = f"{house.url}/#room=home&key={GUEST_KEY}"
        async with (
            bridging(house, mosquitto, url=link) as bridge,
            Watcher.open(bridge.host_link) as host,
            Behind.open(mosquitto, "gate") as gate,
        ):
            await gate.say("notice", "one")
            await gate.say("notice", "two")
            await gate.say("telemetry", {"open": True})
            await until(lambda: host.readings.get("gate") == {"open": True})
            await until(
                lambda: any("did not take a notice" in line for line in bridge.told), lambda: bridge.told
            )
            await until(lambda: not bridge.gateway._notices._waiting)
            assert sum("did not take a notice" in line for line in bridge.told) == 1


async def test_fifty_devices_are_carried_by_one_socket(mosquitto: Mosquitto) -> None:
    names = [f"vehicle {number}" for number in range(50)]
    async with House.open() as house, aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
        for name in names:
            await client.publish(
                f"streamer/device/{name}/telemetry", json.dumps({"lat": 48.1}), qos=1, retain=True
            )
        async with bridging(house, mosquitto) as bridge, Watcher.open(bridge.host_link) as host:
            await until(lambda: set(names) <= set(host.readings), lambda: (len(host.readings), bridge.told))
            for number in range(20):
                for name in names:
                    await client.publish(
                        f"streamer/device/{name}/telemetry", json.dumps({"lat": number}), qos=1
                    )
            await until(
                lambda: all(host.readings[name] == {"lat": 19} for name in names), lambda: host.readings
            )
            assert len(host.room.members) == 1
            assert len(host.named("Gateway")) == 1
        assert await house.metric("streamer_connections") == 0


async def test_more_devices_than_a_room_is_told_of_are_left_out_in_words(mosquitto: Mosquitto) -> None:
    async with House.open() as house, bridging(house, mosquitto) as bridge:
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
            for number in range(120):
                await client.publish(f"streamer/device/d{number}/status", "online", qos=1)
        await until(lambda: any("100 devices already" in line for line in bridge.told), lambda: bridge.told)
        assert len(bridge.gateway._devices) == 100
