"""A device's hard life: at random its process is killed, its network is cut, or its relay is killed and
started again.

After each round it has to obey, and to be in the room exactly once.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import aiomqtt
from device_fixture import DeviceProcess, make_token
from free_port import free_port
from gateway_fixture import Watcher
from mosquitto import Mosquitto
from processes import RelayProcess, StreamerProcess

from streamer.errors import StreamerError

COMES_BACK_S: Final = 90.0
"""Far more than it takes on an idle machine: what does not come back takes for ever."""

AGAIN_S: Final = 0.2
"""Between two tries: a relay takes 8 commands a second, and sends away who sends 20 messages a second for
long."""

KINDS: Final = ("kill", "cut", "relay")


class Cable:
    """What a device's traffic goes through: while it is cut, nothing passes, and neither side is told."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._whole = asyncio.Event()
        self._whole.set()
        self.port = 0

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator["Cable"]:
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._whole.wait()
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._carry(reader, there_writer), self._carry(there_reader, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


async def live(folder: Path, rounds: int, seed: int) -> list[tuple[str, float]]:
    """Each round's kind, and how many seconds after its end the device obeyed and was listed once."""
    chance = random.Random(seed)
    port = free_port()
    relay_options = ("--no-tls", "--port", str(port))
    async with AsyncExitStack() as stack:
        relay = RelayProcess(folder / "relay", *relay_options, exit_code=None)
        relay.__enter__()
        stack.callback(lambda: relay.__exit__(True))
        token = make_token(folder / "relay/streamer", "speak")
        cable = await stack.enter_async_context(Cable(port).laid())
        link = f"http://127.0.0.1:{cable.port}/#room=home&token={token}"
        device = DeviceProcess(folder / "device", link, "Kitchen", '[sound]\ndevice = "none"\n')
        device.__enter__()
        stack.callback(lambda: device.__exit__(True))
        host = await stack.enter_async_context(Watcher.open(relay.host_link))
        took = [("start", await obeys(host, 0))]
        kinds = (list(KINDS) * rounds)[:rounds]  # each of them, as often as the others
        chance.shuffle(kinds)
        for number, kind in enumerate(kinds, 1):
            if kind == "kill":
                device.kill()
                await asyncio.sleep(chance.uniform(0, 1))
                device.__enter__()
            elif kind == "cut":
                cable.cut()
                await asyncio.sleep(chance.uniform(0, 12))
                cable.mend()
            else:
                relay.kill()
                await asyncio.sleep(chance.uniform(0, 2))
                await asyncio.to_thread(relay.__enter__)
            took.append((kind, await obeys(host, number)))
    return took


async def live_behind_gateway(
    folder: Path, rounds: int, seed: int, devices: int = 50
) -> list[tuple[str, float]]:
    """Likewise for a gateway: it, its relay or its broker is killed; then each of its devices has to obey."""
    chance = random.Random(seed)
    port = free_port()
    async with AsyncExitStack() as stack:
        relay = RelayProcess(folder / "relay", "--no-tls", "--port", str(port), exit_code=None)
        relay.__enter__()
        stack.callback(lambda: relay.__exit__(True))
        token = make_token(folder / "relay/streamer", "speak", "notify")
        broker = Mosquitto(folder / "mosquitto")
        broker.start()
        stack.callback(broker.stop)
        link = f"{relay.origin}/#room=home&token={token}"
        gateway = StreamerProcess(folder / "gateway", "gateway", broker.url, link, exit_code=None)
        gateway.__enter__()
        stack.callback(lambda: gateway.__exit__(True))
        names = [f"vehicle {number}" for number in range(devices)]
        serving = asyncio.ensure_future(serve_devices(broker, names))
        stack.callback(serving.cancel)
        host = await stack.enter_async_context(Watcher.open(relay.host_link))
        took = [("start", await all_obey(host, names))]
        kinds = (["gateway", "relay", "broker"] * rounds)[:rounds]
        chance.shuffle(kinds)
        for kind in kinds:
            if kind == "broker":
                broker.stop(kill=True)
                await asyncio.sleep(chance.uniform(0, 1))
                await asyncio.to_thread(broker.start)
            else:
                process = gateway if kind == "gateway" else relay
                process.kill()
                await asyncio.sleep(chance.uniform(0, 1))
                await asyncio.to_thread(process.__enter__)
            took.append((kind, await all_obey(host, names)))
    return took


async def serve_devices(broker: Mosquitto, names: list[str]) -> None:
    """All devices in one client, which comes back when the broker does."""
    while True:
        with suppress(aiomqtt.MqttError):
            async with aiomqtt.Client("127.0.0.1", broker.port) as client:
                await client.subscribe("streamer/device/+/command", qos=1)
                for name in names:
                    await client.publish(f"streamer/device/{name}/status", "online", qos=1, retain=True)
                async for message in client.messages:
                    assert isinstance(message.payload, bytes)
                    topic = str(message.topic).replace("/command", "/result")
                    answer = {"id": json.loads(message.payload)["id"], "outcome": "done"}
                    await client.publish(topic, json.dumps(answer), qos=1)
        await asyncio.sleep(0.1)


async def all_obey(host: Watcher, names: list[str]) -> float:
    """Seconds until each device behind the gateway does what it is told, and the gateway is the only other
    member."""
    began = time.monotonic()
    left = list(names)
    while left:
        with suppress(StreamerError, ValueError):
            if [member.name for member in host.room.members] == ["Gateway"]:
                [gateway] = host.room.members
                result = await host.room.command(gateway, "stop", device=left[0], deadline_s=2)
                if result.outcome == "done":
                    left.pop(0)
                    continue
        assert time.monotonic() - began < COMES_BACK_S, f"{len(left)} do not obey: {host.room.members}"
        await asyncio.sleep(AGAIN_S)
    assert [member.name for member in host.room.members] == ["Gateway"]
    return time.monotonic() - began


async def obeys(host: Watcher, volume: int) -> float:
    """Seconds until the device does what it is told, and is the only other member."""
    began = time.monotonic()
    last: object = "nothing was asked"
    while True:
        try:
            if [member.name for member in host.room.members] == ["Kitchen"]:
                [member] = host.room.members
                last = result = await host.room.command(
                    member, "volume", {"percent": volume % 100}, deadline_s=2
                )
                if result.outcome == "done" and [each.name for each in host.room.members] == ["Kitchen"]:
                    return time.monotonic() - began
        except StreamerError as error:
            last = error
        names = [member.name for member in host.room.members]
        assert time.monotonic() - began < COMES_BACK_S, (
            f"it does not obey, or is not there once: {names}, {last!r}"
        )
        await asyncio.sleep(AGAIN_S)
