"""Packets between relays: each is published once for its room, together with what else is due, and kept
nowhere.

A message is the time at which it was published (µs of that relay's clock, u64), and a row of packets as
PROTOCOL.md has them, each behind its length (u16); all in network byte order.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from streamer.errors import PacketError
from streamer.wire.packet import HEADER, MAX_PACKET_BYTES

MAX_WAITING: Final = 2_048
"""Packets that wait to be published: 120 ms of 170 people who all talk. Beyond that the oldest is shed."""

MAX_ROW_BYTES: Final = 32_768
"""Of one message: a full row of the longest packets is 21 of them."""

_TIME_BYTES: Final = 8
_LENGTH_BYTES: Final = 2
"""A row: when it was published (a u64, µs), then each packet behind its length (a u16)."""

Publish = Callable[[str, bytes], Awaitable[None]]


def pack(packets: list[bytes], now_us: int) -> bytes:
    parts = [part for packet in packets for part in (len(packet).to_bytes(_LENGTH_BYTES, "big"), packet)]
    return b"".join((now_us.to_bytes(_TIME_BYTES, "big"), *parts))


def published_us(row: bytes) -> int:
    """By the clock of the relay that it comes from."""
    return int.from_bytes(row[:_TIME_BYTES], "big")


def unpack(row: bytes) -> Iterator[bytes]:
    """Raises PacketError where it is no row of packets; those before were."""
    if len(row) > MAX_ROW_BYTES + MAX_PACKET_BYTES + _LENGTH_BYTES + _TIME_BYTES:
        raise PacketError(f"a row of packets has {len(row)} bytes")
    at = _TIME_BYTES
    while at < len(row):
        size = int.from_bytes(row[at : at + _LENGTH_BYTES], "big")
        packet = row[at + _LENGTH_BYTES : at + _LENGTH_BYTES + size]
        if not HEADER.size < size <= MAX_PACKET_BYTES or len(packet) < size:
            raise PacketError("a row of packets is cut off")
        yield packet
        at += _LENGTH_BYTES + size


class Outgoing:
    """What this relay is about to publish. Voice that is older than `deadline_us` is shed; so is all while
    away."""

    def __init__(self, deadline_us: int, now_us: Callable[[], int]) -> None:
        self._waiting: deque[tuple[str, bytes, int]] = deque()
        self._came = asyncio.Event()
        self._deadline_us = deadline_us
        self._now_us = now_us
        self.sent = 0
        self.shed = 0

    def push(self, subject: str, packet: bytes, now_us: int) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self.shed += 1
        self._waiting.append((subject, packet, now_us))
        self._came.set()

    def clear(self) -> None:
        """The way is gone: what waits would be stale by the time there is another one."""
        self.shed += len(self._waiting)
        self._waiting.clear()
        self._came.clear()

    async def run(self, publish: Publish) -> None:
        """Until it is cancelled, or `publish` fails."""
        while True:
            await self._came.wait()
            self._came.clear()
            for subject, packets in self._take().items():
                for row in _rows(packets):
                    await publish(subject, pack(row, self._now_us()))
                    self.sent += len(row)

    def _take(self) -> dict[str, list[bytes]]:
        rooms: dict[str, list[bytes]] = {}
        oldest_us = self._now_us() - self._deadline_us
        while self._waiting:
            subject, packet, came_us = self._waiting.popleft()
            if came_us < oldest_us:
                self.shed += 1
            else:
                rooms.setdefault(subject, []).append(packet)
        return rooms


def _rows(packets: list[bytes]) -> Iterator[list[bytes]]:
    row: list[bytes] = []
    size = 0
    for packet in packets:
        if size + len(packet) + _LENGTH_BYTES > MAX_ROW_BYTES:
            yield row
            row, size = [], 0
        row.append(packet)
        size += len(packet) + _LENGTH_BYTES
    yield row


class Uplink:
    """The observer of one room: hands on what its own members say. `is_elsewhere` tells talkers of other
    relays."""

    def __init__(self, outgoing: Outgoing, subject: str, elsewhere: Callable[[int], bool]) -> None:
        self._outgoing = outgoing
        self._subject = subject
        self._elsewhere = elsewhere

    def push(self, packet: bytes, now_us: int, /) -> None:
        if not self._elsewhere(packet[2] << 8 | packet[3]):
            self._outgoing.push(self._subject, packet, now_us)
