"""What a delivery costs the relay: to members on WebSockets, and to members whose leg runs over plain HTTP.

    scripts/bench fallback [--members 100] [--talkers 3] [--seconds 5] [--rounds 3]

One room, packets of 100 bytes, 100 a second of each talker; each listener pings once a second as a page does.
The relay runs on one core and the load on another; each measurement has a fresh relay. Questions (long
polling) are those of clients behind a proxy that buffers.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple
from urllib.request import urlopen

import psutil

HERE: Final = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

from free_port import free_port  # noqa: E402
from relay import RELAY_CORE, await_port  # noqa: E402

from streamer.wire.packet import Packet  # noqa: E402

WAYS: Final = ("WebSocket", "stream", "questions")
PING: Final = b'{"type":"ping","t0":1}'
MASKED_PING: Final = bytes([0x81, 0x80 | len(PING), 0, 0, 0, 0]) + PING
PACKET: Final = Packet(seq=0, timestamp=0, payload=bytes(88)).serialize()
MASKED_PACKET: Final = bytes([0x82, 0x80 | len(PACKET), 0, 0, 0, 0]) + PACKET
UPGRADE: Final = (
    "GET /ws?room=r0 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"
    "Sec-WebSocket-Protocol: streamer.v1\r\n\r\n"
)


async def request(
    port: int, text: str, body: bytes = b""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text.encode() + body)
    return reader, writer


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    return await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))


async def websocket(port: int) -> None:
    reader, writer = await request(port, UPGRADE)
    await asyncio.gather(drop(reader), pinging(writer))


async def drop(reader: asyncio.StreamReader) -> None:
    while await reader.read(65_536):
        pass


async def pinging(writer: asyncio.StreamWriter) -> None:
    while True:
        await asyncio.sleep(1)
        writer.write(MASKED_PING)


async def talker(port: int) -> None:
    reader, writer = await request(port, UPGRADE)
    dropping = asyncio.create_task(drop(reader))
    due = asyncio.get_running_loop().time()
    while not dropping.done():
        writer.write(MASKED_PACKET)
        due += 0.01
        await asyncio.sleep(due - asyncio.get_running_loop().time())


class OverHttp:
    """One member; `received` counts the bytes of its leg."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.received = 0
        self.leg = ""

    async def run(self, *, asks: bool) -> None:
        reader, _ = await request(
            self.port, "POST /leg?room=r0 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"
        )
        self.leg = json.loads(await read_answer(reader))["leg"]
        await asyncio.gather(self.ask() if asks else self.read(), self.ping())

    async def read(self) -> None:
        reader, _ = await request(self.port, self._get(""))
        await reader.readuntil(b"\r\n\r\n")
        while data := await reader.read(65_536):
            self.received += len(data)

    async def ask(self) -> None:
        reader, writer = await request(self.port, self._get("&wait=1500"))
        while True:
            try:
                self.received += len(await read_answer(reader))
                writer.write(self._get("&wait=1500").encode())
            except (asyncio.IncompleteReadError, ConnectionError):  # it was kept long enough
                reader, writer = await request(self.port, self._get("&wait=1500"))

    def _get(self, more: str) -> str:
        return f"GET /leg?leg={self.leg}&from={self.received}{more} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

    async def ping(self) -> None:
        at = 0
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while True:
            await asyncio.sleep(1)
            head = (
                f"POST /leg?leg={self.leg}&at={at}&from={self.received} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                f"Content-Length: {len(MASKED_PING)}\r\n\r\n"
            )
            writer.write(head.encode() + MASKED_PING)
            await read_answer(reader)
            at += len(MASKED_PING)


def deliveries(port: int) -> float:
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return float(next(line for line in lines if line.startswith("streamer_deliveries_total ")).split()[1])


class Cost(NamedTuple):
    """In µs of the relay's processor: a delivery, and what it is with all else that members cause.

    `quiet` is the share of a core that a room takes in which nobody talks: pings, and questions.
    """

    delivery_us: float
    all_us: float
    quiet: float


async def load(way: str, port: int, process: psutil.Process, options: argparse.Namespace) -> Cost:
    members = [
        websocket(port) if way == "WebSocket" else OverHttp(port).run(asks=way == "questions")
        for _ in range(options.members)
    ]
    tasks = [asyncio.create_task(member) for member in members]
    await asyncio.sleep(2)
    quiet_s = await cpu_s(process, options.seconds)
    tasks += [asyncio.create_task(talker(port)) for _ in range(options.talkers)]
    await asyncio.sleep(2)
    done = await asyncio.to_thread(deliveries, port)
    busy_s = await cpu_s(process, options.seconds)
    count = await asyncio.to_thread(deliveries, port) - done
    for task in tasks:
        task.cancel()
    with suppress(asyncio.CancelledError):
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
    return Cost((busy_s - quiet_s) * 1e6 / count, busy_s * 1e6 / count, quiet_s / options.seconds)


async def cpu_s(process: psutil.Process, seconds: float) -> float:
    before = process.cpu_times()
    await asyncio.sleep(seconds)
    after = process.cpu_times()
    return after.user + after.system - before.user - before.system


def measure(way: str, options: argparse.Namespace) -> Cost:
    port = free_port()
    command = ["taskset", "-c", RELAY_CORE, sys.executable, str(HERE / "relay/streamer_relay.py"), str(port)]
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
    try:
        await_port(port, process, Path(os.devnull))
        return asyncio.run(load(way, port, psutil.Process(process.pid), options))
    finally:
        process.kill()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--talkers", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rounds = [{way: measure(way, options) for way in WAYS} for _ in range(options.rounds)]
    for way in WAYS:
        found = [measured[way] for measured in rounds]
        usual = [measured["WebSocket"] for measured in rounds]
        cells = [statistics.median(cells) for cells in zip(*found, strict=True)]
        ratios = [
            statistics.median(one[place] / other[place] for one, other in zip(found, usual, strict=True))
            for place in (0, 1)
        ]
        print(
            f"{way:10} {cells[0]:6.2f} µs a delivery ({ratios[0]:.2f} × the WebSocket's), "
            f"{cells[1]:6.2f} µs with pings and questions ({ratios[1]:.2f} ×), quiet: {cells[2]:.1%} of a "
            "core"
        )


if __name__ == "__main__":
    main()
