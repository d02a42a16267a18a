"""Hours of a relay's life in minutes: people come, talk, stall, break the protocol and go, without an end.

    scripts/bench soak [--minutes 3]

Prints the relay's memory and open files as time goes on; fails where either has grown since a quarter of the
time.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from streamer.client.connection import Link
from streamer.wire.packet import Packet
from streamer.wire.room_link import Address

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from processes import RelayProcess

ROOMS = 5
VISITORS = 30
PACKETS_PER_S = 50
GROWTH_MIB = 2.0
SAMPLES = 12

dice = random.Random(1)


@asynccontextmanager
async def joined(address: Address, name: str) -> AsyncIterator[Link]:
    link = await Link.open(address, name=name)
    try:
        yield link
    finally:
        link.abort()


async def stay(address: Address, seconds: float) -> None:
    """Talk, chat and listen for a while, and say goodbye."""
    async with joined(address, f"guest {dice.randrange(1_000)}") as link, asyncio.TaskGroup() as tasks:
        tasks.create_task(link.run(lambda data, now: None, lambda message, now: None))
        for seq in range(round(seconds * PACKETS_PER_S)):
            link.send_packet(Packet(seq=seq, timestamp=seq * 960, payload=dice.randbytes(100)).serialize())
            if seq % PACKETS_PER_S == 0:
                link.send_control({"type": "chat", "text": "still here"})
            await asyncio.sleep(1 / PACKETS_PER_S)
        await link.leave()


async def stall(address: Address, seconds: float) -> None:
    """Read nothing for a while, then hang up without a word."""
    async with joined(address, "stalled"):
        await asyncio.sleep(seconds)


async def break_the_protocol(address: Address, seconds: float) -> None:
    async with joined(address, "rude") as link:
        link._transport.write(dice.randbytes(40))
        await asyncio.sleep(min(seconds, 0.5))


async def break_off_a_handshake(address: Address, seconds: float) -> None:
    _, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(b"GET /ws?room=r HTTP/1.1\r\nHost: ")
    await asyncio.sleep(min(seconds, 0.5))
    writer.close()


KINDS: list[Callable[[Address, float], Awaitable[None]]] = [
    stay,
    stay,
    stay,
    stall,
    break_the_protocol,
    break_off_a_handshake,
]


async def visit_without_end(port: int) -> None:
    while True:
        address = Address(False, "127.0.0.1", port, f"room-{dice.randrange(ROOMS)}")
        await dice.choice(KINDS)(address, dice.uniform(0.1, 3))


async def soak(port: int, relay: psutil.Process, seconds: float) -> list[tuple[float, int]]:
    """Memory in MiB and open files at equal times."""
    visitors = [asyncio.create_task(visit_without_end(port)) for _ in range(VISITORS)]
    samples = []
    for number in range(SAMPLES):
        await asyncio.sleep(seconds / SAMPLES)
        samples.append((relay.memory_info().rss / 2**20, relay.num_fds()))
        print(
            f"{(number + 1) * seconds / SAMPLES:5.0f} s  {samples[-1][0]:6.2f} MiB  {samples[-1][1]:3} files",
            flush=True,
        )
        for visitor in visitors:
            if visitor.done():
                visitor.result()
    for visitor in visitors:
        visitor.cancel()
    await asyncio.gather(*visitors, return_exceptions=True)
    return samples


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=3)
    seconds = 60 * parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as home, RelayProcess(Path(home), "--no-tls", "--open") as relay:
        port = int(relay.origin.rsplit(":", 1)[1])
        samples = asyncio.run(soak(port, psutil.Process(relay.pid), seconds))
        relay.wait_for_members(0)
        print(f"when all have gone: {psutil.Process(relay.pid).num_fds()} files")
    (then_mib, _), (now_mib, _) = samples[SAMPLES // 4], samples[-1]
    print(f"growth since a quarter of the time: {now_mib - then_mib:+.2f} MiB")
    if now_mib - then_mib > GROWTH_MIB:
        raise SystemExit("soak: the relay's memory grows")


if __name__ == "__main__":
    main()
