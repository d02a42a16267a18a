"""Who is killed says no goodbye: a gateway and a device behind it, with a real mosquitto that says it for
them."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import aiomqtt
import pytest
from gateway_fixture import Watcher, until
from mosquitto import Mosquitto
from processes import StreamerProcess
from relay_fixture import HOST_KEY, PATIENCE_S, House

from streamer.client.events import Left, Telemetry
from streamer.client.room import join

STATUS = "streamer/room/home/status"
DEVICE = """
import asyncio, aiomqtt, sys
async def main():
    topic = f"streamer/device/{sys.argv[2]}"
    will = aiomqtt.Will(f"{topic}/status", "offline", qos=1, retain=True)
    async with aiomqtt.Client("127.0.0.1", int(sys.argv[1]), will=will) as client:
        await client.publish(f"{topic}/status", "online", qos=1, retain=True)
        await client.publish(f"{topic}/telemetry", '{"open": false}', qos=1, retain=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as mosquitto:
        yield mosquitto


@contextmanager
def device(mosquitto: Mosquitto, name: str) -> Iterator[Popen[bytes]]:
    """In a process of its own, with `offline` as its last will."""
    process = Popen([sys.executable, "-c", DEVICE, str(mosquitto.port), name])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def retained(mosquitto: Mosquitto, topic: str) -> str:
    """What a newcomer finds there."""
    async with asyncio.timeout(PATIENCE_S), aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
        await client.subscribe(topic)
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            return message.payload.decode()
    raise AssertionError


async def until_retained(mosquitto: Mosquitto, topic: str, wanted: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await retained(mosquitto, topic) != wanted:
            await asyncio.sleep(0.05)


async def test_a_gateway_that_is_killed_is_gone_with_its_devices_at_the_broker_and_in_the_room(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with House.open() as house:
        link = f"{house.url}/#room=home&key={HOST_KEY}"
        gateway = StreamerProcess(tmp_path / "gateway", "gateway", mosquitto.url, link, exit_code=None)
        async with Watcher.open(link) as host:
            with gateway, device(mosquitto, "gate"), device(mosquitto, "lamp"):
                shown = {"status": "online", "open": False}
                await until(lambda: host.readings == {"gate": shown, "lamp": shown}, lambda: gateway.log)
                await until_retained(mosquitto, STATUS, "online")
                member = host.member("Gateway")
                gateway.kill()
                await until_retained(mosquitto, STATUS, "offline")
                await until(lambda: host.of(Left))
                assert [event.member.name for event in host.of(Left)] == ["Gateway"]
                result = await host.room.command(member, "open", device="gate", deadline_s=PATIENCE_S)
                assert result.outcome == "gone"
                newcomer = join(link, name="Late")
                events = newcomer.events()
                async with newcomer:
                    assert await newcomer.notify("everything before this was told") is not None
                    assert [each.name for each in newcomer.members] == ["Host"]
                assert not [event async for event in events if isinstance(event, Telemetry)]
                gateway.__enter__()
                await until_retained(mosquitto, STATUS, "online")
                await until(lambda: len(host.named("Gateway")) == 1)


async def test_a_device_that_is_killed_is_shown_offline_and_refuses_commands(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with House.open() as house:
        link = f"{house.url}/#room=home&key={HOST_KEY}"
        gateway = StreamerProcess(tmp_path / "gateway", "gateway", mosquitto.url, link, exit_code=None)
        async with Watcher.open(link) as host:
            with gateway, device(mosquitto, "gate") as gate, device(mosquitto, "lamp"):
                await until(lambda: len(host.readings) == 2, lambda: gateway.log)
                gate.kill()
                await until(lambda: host.readings["gate"].get("status") == "offline", lambda: host.readings)
                result = await host.room.command(
                    host.member("Gateway"), "open", device="gate", deadline_s=PATIENCE_S
                )
                assert (result.outcome, result.message) == ("refused", "gate is offline")
                assert host.readings["lamp"]["status"] == "online"
