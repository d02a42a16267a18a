"""What devices without an invitation do to a quiet room's voice: loss and delay, with and without them.

    scripts/bench strangers [--counts 16 63 256] [--seconds 6] [--only ATTACK ...]

The relay is a `streamer serve` with TLS. Two members are in a quiet room of it, and one of them talks, 100 packets
a second. So many connections from one other address do what the attack is called by, and begin it again when the relay
ends them. Before and after each, the same room is measured without them: the ratio is to the mean of the two.
"CPU" is what the relay takes of one core meanwhile; it is true on a busy machine too.
"""

import argparse
import asyncio
import os
import re
import socket
import ssl
import struct
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

import aiohttp
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from streamer.wire.packet import Packet

EVERY_S: Final = 0.01
STRANGERS: Final = "127.0.0.66"
UPGRADE: Final = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: streamer.v1\r\n\r\n"
)
PACKET: Final = (
    bytes([0x82, 0x80 | 32]) + bytes(4) + Packet(seq=1, timestamp=480, payload=bytes(20)).serialize()
)


@dataclass(frozen=True, slots=True)
class Attack:
    """`first` is sent as soon as the connection is there, and `again` every `every_s` from then on."""

    first: bytes
    again: bytes = b""
    every_s: float = 1.0
    is_tls: bool = True
    reads: bool = False


GET: Final = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
ATTACKS: Final = {
    "no TLS hello": Attack(b"", is_tls=False),
    "half a TLS hello": Attack(bytes.fromhex("1603010200010001fc0303"), is_tls=False),
    "letter by letter": Attack(GET + b"X: ", b"x", 0.2),
    "half a body": Attack(b"POST /check HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 8000\r\n\r\n{"),
    "kept alive": Attack(GET + b"\r\n", GET + b"\r\n", 1.0, reads=True),
    "answers that nobody reads": Attack((b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") * 100),
    "wrong invites": Attack(
        b"GET /ws?room=home&key=wrong HTTP/1.1\r\nHost: 127.0.0.1\r\n" + UPGRADE,
        b"GET /ws?room=home&key=wrong HTTP/1.1\r\nHost: 127.0.0.1\r\n" + UPGRADE,
        0.1,
        reads=True,
    ),
    "the room echo": Attack(
        b"GET /ws?room=echo HTTP/1.1\r\nHost: 127.0.0.1\r\n" + UPGRADE, PACKET * 2, 0.01, reads=True
    ),
}


async def attack(name: str, port: int, count: int) -> None:
    print("begun", flush=True)
    await asyncio.gather(*(stranger(ATTACKS[name], port) for _ in range(count)))


async def stranger(what: Attack, port: int) -> None:
    tls = untrusting() if what.is_tls else None
    while True:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=tls, local_addr=(STRANGERS, 0)
            )
            try:
                await hang(what, reader, writer)
            finally:
                writer.transport.abort()
        await asyncio.sleep(1)  # a stranger that is hung up on does not come back at once


async def hang(what: Attack, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(what.first)
    if not what.reads:
        writer.transport.pause_reading()
    ending = asyncio.create_task(reader.read() if what.reads else asyncio.sleep(60))
    while not ending.done() and not writer.is_closing():
        await asyncio.wait([ending], timeout=what.every_s)
        writer.write(what.again)
    ending.cancel()


def untrusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class QuietRoom:
    """Two members of a relay at `port`, by their link's `key`."""

    def __init__(
        self, talker: aiohttp.ClientWebSocketResponse, listener: aiohttp.ClientWebSocketResponse
    ) -> None:
        self._talker = talker
        self._listener = listener
        self._seq = 0

    async def measure(self, seconds: float) -> tuple[float, float, float]:
        """Loss in %, and the median and the 99th percentile of the delay in ms."""
        sent: dict[int, float] = {}
        delays: list[float] = []
        hearing = asyncio.create_task(self._hear(sent, delays))
        begun = monotonic()
        for number in range(int(seconds / EVERY_S)):
            await asyncio.sleep(max(0.0, begun + number * EVERY_S - monotonic()))
            self._seq = (self._seq + 1) % 0x10000
            packet = Packet(seq=self._seq, timestamp=self._seq * 480, payload=struct.pack("!I", number))
            sent[self._seq] = monotonic()
            await self._talker.send_bytes(packet.serialize())
        await asyncio.sleep(1)
        hearing.cancel()
        loss = 100 * (1 - len(delays) / len(sent))
        return loss, *(1_000 * np.percentile(delays, [50, 99]))

    async def _hear(self, sent: dict[int, float], delays: list[float]) -> None:
        async for message in self._listener:
            if message.type is aiohttp.WSMsgType.BINARY:
                delays.append(monotonic() - sent[Packet.parse(message.data).seq])


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[psutil.Process, int, str]]:
    """A relay, its port, and the invite of its room `home`."""
    with socket.create_server(("127.0.0.1", 0)) as free, tempfile.TemporaryDirectory() as home:
        port = free.getsockname()[1]
        free.close()
        relay = await asyncio.create_subprocess_exec(
            *(
                str(Path(sys.executable).parent / "streamer"),
                "serve",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
            ),
            env={**os.environ, "HOME": home, "XDG_DATA_HOME": home},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert relay.stdout
        key, line = "", b" "
        while line and b"Stop with Ctrl-C" not in line:
            line = await relay.stdout.readline()
            found = re.search(r"#room=home&key=([\w-]+)", line.decode())
            key = key or (found[1] if found else "")
        try:
            yield psutil.Process(relay.pid), port, key
        finally:
            relay.terminate()
            await relay.wait()


@asynccontextmanager
async def attacked(name: str, port: int, count: int) -> AsyncIterator[None]:
    command = (sys.executable, __file__, "--attack", name, str(port), str(count))
    attacker = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert attacker.stdout
    await attacker.stdout.readline()
    await asyncio.sleep(1)
    try:
        yield
    finally:
        attacker.kill()
        await attacker.wait()


async def measure(counts: list[int], seconds: float, names: list[str]) -> None:
    table = Table(
        "attack", "connections", "loss", "p50 ms", "p99 ms", "p50 without", "p99 without", "p99 ratio", "CPU"
    )
    async with serving() as (relay, port, key), aiohttp.ClientSession() as http:
        query = {"room": "home", "key": key}
        url = f"https://127.0.0.1:{port}/ws"
        ends = [
            await http.ws_connect(url, params=query, protocols=["streamer.v1"], ssl=untrusting())
            for _ in range(2)
        ]
        room = QuietRoom(*ends)
        before = await room.measure(seconds)
        for name in names:
            for count in counts:
                async with attacked(name, port, count):
                    relay.cpu_percent()
                    loss, p50, p99 = await room.measure(seconds)
                    cpu = relay.cpu_percent()
                after = await room.measure(seconds)
                quiet50, quiet99 = ((before[i] + after[i]) / 2 for i in (1, 2))
                row = [f"{loss:.2f} %", *(f"{ms:.2f}" for ms in (p50, p99, quiet50, quiet99))]
                table.add_row(name, str(count), *row, f"{p99 / quiet99:.2f}", f"{cpu:.0f} %")
                before = after
    Console(width=120).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--counts", type=int, nargs="+", default=[16, 63, 256])
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--only", nargs="+", choices=ATTACKS, default=list(ATTACKS))
    parser.add_argument("--attack", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.attack:
        name, port, count = options.attack
        asyncio.run(attack(name, int(port), int(count)))
    else:
        asyncio.run(measure(options.counts, options.seconds, options.only))


if __name__ == "__main__":
    main()
