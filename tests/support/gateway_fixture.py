"""A gateway between a real relay and a real broker, the devices behind it, and a host in the room."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import aiomqtt
from mosquitto import Mosquitto
from relay_fixture import HOST_KEY, KEY, House

import streamer
from streamer.client.events import Event, Member, Telemetry
from streamer.client.room import Room
from streamer.gateway.broker import BrokerAddress
from streamer.gateway.gateway import Gateway, GatewayOptions

PATIENCE_S = 30


async def until(condition: Callable[[], object], complaint: Callable[[], object] = lambda: "") -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"it did not come to that: {complaint()}") from None


class Watcher:
    """A member of the room that notes what happens there. `readings` are the last of each device."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.events: list[Event] = []
        self.readings: dict[str, Any] = {}
        self._reader = room.events()

    async def run(self) -> None:
        async for event in self._reader:
            self.events.append(event)
            if isinstance(event, Telemetry):
                self.readings[event.device] = event.values

    def member(self, name: str) -> Member:
        [found] = [member for member in self.room.members if member.name == name]
        return found

    def named(self, name: str) -> list[Member]:
        return [member for member in self.room.members if member.name == name]

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, name: str = "Host") -> AsyncIterator[Self]:
        room = streamer.join(url, name=name)
        watcher = cls(room)
        async with room:
            task = asyncio.create_task(watcher.run())
            yield watcher
            task.cancel()


class Behind:
    """A device behind the broker, which obeys: `asked` are its commands."""

    def __init__(self, client: aiomqtt.Client, name: str) -> None:
        self.client = client
        self.name = name
        self.asked: list[dict[str, Any]] = []
        self.replies: list[dict[str, Any]] = []
        self.outcome = "done"

    async def say(self, kind: str, payload: Any, *, retain: bool = False) -> None:
        text = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        await self.client.publish(f"streamer/device/{self.name}/{kind}", text, qos=1, retain=retain)

    async def obey(self) -> None:
        async for message in self.client.messages:
            assert isinstance(message.payload, bytes)
            found = json.loads(message.payload)
            if str(message.topic).endswith("/reply"):
                self.replies.append(found)
                continue
            self.asked.append(found)
            if self.outcome:
                await self.say("result", {"id": found["id"], "outcome": self.outcome, "message": "by itself"})

    @classmethod
    @asynccontextmanager
    async def open(cls, mosquitto: Mosquitto, name: str) -> AsyncIterator[Self]:
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
            await client.subscribe(f"streamer/device/{name}/command", qos=1)
            await client.subscribe(f"streamer/device/{name}/reply", qos=1)
            device = cls(client, name)
            task = asyncio.create_task(device.obey())
            yield device
            task.cancel()


class Bridge:
    def __init__(self, house: House, mosquitto: Mosquitto, gateway: Gateway, told: list[str]) -> None:
        self.house = house
        self.mosquitto = mosquitto
        self.gateway = gateway
        self.told = told

    @property
    def host_link(self) -> str:
        return f"{self.house.url}/#room=home&key={HOST_KEY}"

    def shown(self) -> dict[str, str]:
        """What the broker was given of the room, as far as it has it."""
        return dict(self.gateway._publisher._states)

    async def retained(self, topic: str) -> str:
        """What a newcomer finds on a topic."""
        async with asyncio.timeout(PATIENCE_S), aiomqtt.Client("127.0.0.1", self.mosquitto.port) as client:
            await client.subscribe(topic)
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                return message.payload.decode()
        raise AssertionError

    async def until_retained(self, topic: str, wanted: str) -> None:
        found = ""
        async with asyncio.timeout(PATIENCE_S):
            while (found := await self.retained(topic)) != wanted:
                await asyncio.sleep(0.05)
        assert found == wanted


@asynccontextmanager
async def bridging(house: House, mosquitto: Mosquitto, **options: Any) -> AsyncIterator[Bridge]:
    told: list[str] = []
    link = options.pop("url", f"{house.url}/#room=home&key={HOST_KEY}")
    gateway = Gateway(GatewayOptions(BrokerAddress.parse(mosquitto.url), link, **options), told.append)
    task = asyncio.create_task(gateway.run())
    try:
        await until(lambda: gateway._broker.is_here or task.done(), lambda: told)
        yield Bridge(house, mosquitto, gateway, told)
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


GUEST_KEY = KEY
