"""What members of one room may try against others: each attack is a coroutine that goes on until it is
cancelled."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, Final

from raw_peer import BINARY, Peer, Target

from streamer.wire.packet import Packet

NOISY = "noisy"
ENEMY = "127.0.0.66"
CLOCK: Final = {"type": "clock", "timestamp": 0, "server_us": 0, "device_us": 0, "sent_us": 0, "error_us": 0}

Attack = Callable[[Target, int], Awaitable[None]]


async def crowd(target: Target, guests: int) -> list[Peer]:
    """So many members of the noisy room as the relay lets in; all of them read."""
    peers = []
    for number in range(guests):
        with suppress(OSError, asyncio.IncompleteReadError):
            peers.append(await Peer.enter(target, NOISY, ENEMY, f"Mallory {number}"))
    for peer in peers:
        _reading.add(asyncio.create_task(peer.packets(lambda packet: None)))
    return peers


_reading: set[asyncio.Task[None]] = set()


async def repeat(target: Target, guests: int, per_s: float, act: Callable[[Peer, int], None]) -> None:
    """All guests do it so often; who was thrown out comes again."""
    peers, began, number = await crowd(target, guests), monotonic(), 0
    while True:
        number += 1
        await asyncio.sleep(max(0.0, began + number / per_s - monotonic()))
        for peer in peers:
            if not peer.writer.is_closing() and peer.writer.transport.get_write_buffer_size() < 1 << 20:
                act(peer, number)
        peers = [peer for peer in peers if not peer.writer.is_closing()]
        if len(peers) < guests // 2 and number % 100 == 0:
            peers += await crowd(target, guests - len(peers))


def packet(number: int, payload: int = 80) -> bytes:
    return Packet(seq=number % 65_536, timestamp=number * 480 % 2**32, payload=bytes(payload)).serialize()


async def chat_load(target: Target, guests: int) -> None:
    await repeat(target, guests, 19, lambda peer, number: peer.say({"type": "chat", "text": "x"}))


async def chat_burst(target: Target, guests: int) -> None:
    def burst(peer: Peer, number: int) -> None:
        for _ in range(59):
            peer.say({"type": "chat", "text": "\U0001d160" * 666})

    await repeat(target, guests, 0.5, burst)


async def states_and_clocks(target: Target, guests: int) -> None:
    def change(peer: Peer, number: int) -> None:
        peer.say({"type": "state", "muted": bool(number % 2), "away": False, "hand": bool(number % 3)})
        peer.say(CLOCK)

    await repeat(target, guests, 9, change)


async def odd_messages(target: Target, guests: int) -> None:
    texts: Sequence[dict[str, Any]] = (
        {"type": "dance"},
        {"type": "lock", "locked": True},
        {"type": "ping", "t0": 1},
    )
    await repeat(target, guests, 18, lambda peer, number: peer.say(texts[number % len(texts)]))


async def voice_within_limits(target: Target, guests: int) -> None:
    await repeat(target, guests, 400, lambda peer, number: peer.send(BINARY, packet(number)))


async def voice_without_limits(target: Target, guests: int) -> None:
    def much(peer: Peer, number: int) -> None:
        for _ in range(100):
            peer.send(BINARY, packet(number, 1_400))

    await repeat(target, guests, 50, much)


async def fragments(target: Target, guests: int) -> None:
    nothing = b"\x00\x80" + bytes(4)  # a continuation frame of no bytes, masked

    def many(peer: Peer, number: int) -> None:
        peer.writer.write((b"\x02\x80" + bytes(4) if number == 1 else b"") + nothing * 5_000)

    await repeat(target, guests, 50, many)


async def pings(target: Target, guests: int) -> None:
    await repeat(target, guests, 400, lambda peer, number: peer.send(9, b"are you there?"))


async def comings_and_goings(target: Target, guests: int) -> None:
    while True:
        peers = await crowd(target, guests)
        for peer in peers:
            peer.writer.close()
        await asyncio.sleep(0.05)


BY_MEMBERS: Final[dict[str, Attack]] = {
    "chat load": chat_load,
    "chat burst": chat_burst,
    "states and clocks": states_and_clocks,
    "odd messages": odd_messages,
    "voice within limits": voice_within_limits,
    "voice without limits": voice_without_limits,
    "fragments": fragments,
    "pings": pings,
    "comings and goings": comings_and_goings,
}
