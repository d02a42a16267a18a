"""Programs that talk and hear without a pause, so that a gap in what is heard is one that the relays made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path

from relay_fixture import PATIENCE_S

import streamer
from streamer.client.room import Room
from streamer.errors import StreamerError

PACKET_S = 0.01
MOST_LOST_S = 1.0
VOICE = bytes.fromhex("fcfffe")


class Ears:
    """When something of a talker came, by name."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, str]] = []

    async def listen(self, room: Room) -> None:
        async for received in room.packets():
            self.heard.append((received.arrived_s, received.member.name))

    async def hear(self, name: str, after_s: float = 0.0) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not any(at > after_s and who == name for at, who in self.heard):
                await asyncio.sleep(PACKET_S)

    @property
    def longest_gap_s(self) -> float:
        return self.longest_gap_after(0.0)

    def longest_gap_after(self, since_s: float) -> float:
        times = [at for at, _ in self.heard if at >= since_s]
        return max((after - before for before, after in pairwise(times)), default=0.0)


async def talk(room: Room) -> None:
    while True:
        with suppress(StreamerError):
            room.send_packet(VOICE)
        await asyncio.sleep(PACKET_S)


@asynccontextmanager
async def anna_and_ben(link: str, ca_file: Path | None = None) -> AsyncIterator[tuple[Room, Room, Ears]]:
    """Anna talks without a pause, and what Ben hears of her."""
    async with (
        streamer.join(link, name="Anna", ca_file=ca_file) as anna,
        streamer.join(link, name="Ben", ca_file=ca_file, listening=True) as ben,
    ):
        ears = Ears()
        tasks = [asyncio.create_task(talk(anna)), asyncio.create_task(ears.listen(ben))]
        try:
            await ears.hear("Anna")
            yield anna, ben, ears
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
