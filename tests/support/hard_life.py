"""A device's hard life: at random its process is killed, its network is cut, or its relay is killed and started again.

After each round it has to obey, and to be in the room exactly once.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from device_fixture import DeviceProcess, make_token
from gateway_fixture import Watcher
from mosquitto import free_port
from processes import RelayProcess

from streamer.errors import StreamerError

COMES_BACK_S: Final = 90.0
"""Far more than it takes on an idle machine: what does not come back takes for ever."""

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


async def obeys(host: Watcher, volume: int) -> float:
    """Seconds until the device does what it is told, and is the only other member."""
    began = time.monotonic()
    while True:
        with suppress(StreamerError, ValueError):
            if [member.name for member in host.room.members] == ["Kitchen"]:
                [member] = host.room.members
                result = await host.room.command(member, "volume", {"percent": volume % 100}, deadline_s=2)
                if result.outcome == "done" and [each.name for each in host.room.members] == ["Kitchen"]:
                    return time.monotonic() - began
        names = [member.name for member in host.room.members]
        assert time.monotonic() - began < COMES_BACK_S, f"it does not obey, or is not there once: {names}"
        await asyncio.sleep(0.02)
