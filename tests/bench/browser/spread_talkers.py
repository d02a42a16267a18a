"""Members that talk without a pause, each at its own places in time, as people's phones are: all in one event
loop."""

import asyncio
import random
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from processes import START_S
from synthetic_room import payloads

from streamer.audio_format import FRAME_MS, SAMPLES_PER_FRAME
from streamer.client.connection import Link
from streamer.errors import StreamerError
from streamer.wire.messages import FromRelay
from streamer.wire.packet import TALKSPURT_START, Packet
from streamer.wire.room_link import Address

JITTER_MS: Final = 3.0
"""By which a packet leaves late, evenly spread: what a phone's microphone and Wi-Fi do on a good day."""
HELD_UP_S: Final = 0.1
"""A talker that is so late goes on from there: packets that came in one go would be a flood, which a relay
ends."""
IDLE_S: Final = 0.01


class SpreadTalkers:
    """The first `talking` talk, until the end of the block.

    A thread of its own says when, since `sleep` is finer than the timers of a loop.
    """

    def __init__(self, address: Address, authority: Path, count: int) -> None:
        self.talking = 0
        self.late_ms: list[float] = []
        """By how much each packet left later than it should, since somebody emptied this."""
        self._address, self._authority, self._count = address, authority, count
        self._links: list[Link] = []
        self._sent = [0] * count
        self._due_s: Sequence[float] = ()
        self._ready, self._over = threading.Event(), threading.Event()
        self._saying = threading.Thread(target=self._talk, daemon=True)
        self._payloads = payloads()
        self._rng = random.Random(1)

    def __enter__(self) -> Self:
        threading.Thread(target=lambda: asyncio.run(self._stay()), daemon=True).start()
        assert self._ready.wait(START_S)
        self._saying.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._saying.join()

    def move(self, phases_ms: Sequence[float]) -> None:
        """Let each talker's packets begin that much later than now; so they keep their distances from then
        on."""
        self._due_s = [time.perf_counter() + phase_ms / 1000 for phase_ms in phases_ms]

    async def _stay(self) -> None:
        self._loop = asyncio.get_running_loop()
        for number in range(self._count):
            name = f"Talker {number}"
            self._links.append(await Link.open(self._address, name=name, ca_file=self._authority))
        self._ready.set()
        with suppress(StreamerError):  # the relay is gone: it is over
            await asyncio.gather(*(link.run(self._pass_over, self._pass_over) for link in self._links))

    def _pass_over(self, _: bytes | FromRelay, now: float) -> None: ...

    def _talk(self) -> None:
        due_s: list[float] = []
        seen: Sequence[float] = ()
        while not self._over.is_set():
            if seen is not self._due_s:
                seen, due_s = self._due_s, list(self._due_s)
            if not self.talking or not due_s:
                time.sleep(IDLE_S)
                continue
            number = min(range(self.talking), key=due_s.__getitem__)
            at_s = due_s[number] + self._rng.uniform(0, JITTER_MS / 1000)
            time.sleep(max(0.0, at_s - time.perf_counter()))
            late_s = time.perf_counter() - at_s
            self.late_ms.append(late_s * 1000)
            self._loop.call_soon_threadsafe(self._send, number)
            due_s[number] += FRAME_MS / 1000 + (late_s if late_s > HELD_UP_S else 0)

    def _send(self, number: int) -> None:
        sent = self._sent[number]
        self._sent[number] += 1
        payload, level = self._payloads[(sent + 37 * number) % len(self._payloads)]
        flags = 0 if sent else TALKSPURT_START
        packet = Packet(
            sent % 2**16, sent * SAMPLES_PER_FRAME % 2**32, payload, level=level, voice=True, flags=flags
        )
        self._links[number].send_packet(packet.serialize())
