"""One talker's packets as sound at 16 kHz, on the talker's own line of time, however they came.

A packet is put where its timestamp says, not when it arrived. One that is missing is waited for, then
concealed or silent; one that comes too late or twice is dropped. Times of arrival are in s, of any clock.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final

import numpy as np

from streamer.audio_format import SAMPLE_RATE
from streamer.captions.engine import RATE
from streamer.client.audio.codec import Decoder
from streamer.client.audio.samples import Samples
from streamer.wire.packet import ENCRYPTED, Packet

HOLD_S: Final = 0.1
"""How long a missing packet is waited for: it may come by a second way."""

MOST_HELD: Final = 64
"""Packets: a talker who jumps about in time is not waited for."""

_CONCEALED: Final = SAMPLE_RATE * 60 // 1_000
"""60 ms: as long as what may have been said can be guessed."""

_FILLED: Final = SAMPLE_RATE
"""One second: a longer gap ends whatever was said, and how long it was does not matter."""

_STEP: Final = SAMPLE_RATE // RATE
_MODULUS: Final = 2**32


class Voice:
    """Of one talker."""

    def __init__(self) -> None:
        self._decoder = Decoder(RATE)
        self._held: list[tuple[int, float, Packet]] = []
        self._next: int | None = None
        """The sample at 48 kHz that comes next, counted on beyond 2³²."""
        self.lost = self.late = 0

    def push(self, packet: Packet, now: float) -> int | None:
        """Returns its position at 16 kHz; None where it is of no use."""
        if packet.flags & ENCRYPTED:
            return None
        position = self._unwrapped(packet.timestamp)
        if self._next is None:
            self._next = position
        if position < self._next or any(position == other for other, _, _ in self._held):
            self.late += 1
            return None
        heappush(self._held, (position, now, packet))
        return position // _STEP

    def pop(self, now: float) -> Iterator[tuple[int, Samples]]:
        """What can be heard by now: positions at 16 kHz and samples. A gap longer than 1 s is left out."""
        while self._held and self._next is not None:
            position, came, packet = self._held[0]
            gap = position - self._next
            if gap > 0 and now - came < HOLD_S and len(self._held) < MOST_HELD:
                return
            heappop(self._held)
            if gap > 0:
                self.lost += 1
                yield from self._fill(gap)
            yield position // _STEP, self._decoder.decode(packet.payload)
            self._next = position + packet.duration_samples

    def _fill(self, gap: int) -> Iterator[tuple[int, Samples]]:
        """`gap` is in samples at 48 kHz."""
        assert self._next is not None
        if gap > _FILLED:
            return
        concealed = min(gap, _CONCEALED) // _STEP
        sound = np.zeros(gap // _STEP, dtype=np.float32)
        sound[:concealed] = self._decoder.conceal(concealed)
        yield self._next // _STEP, sound

    def _unwrapped(self, timestamp: int) -> int:
        """Near what comes next, so that a line of time may pass 2³²."""
        if self._next is None:
            return timestamp + _MODULUS
        ahead = (timestamp - self._next + _MODULUS // 2) % _MODULUS - _MODULUS // 2
        if ahead < -_FILLED * 5:  # another microphone, with a line of time of its own
            self._held.clear()
            self._next = None
            return timestamp + _MODULUS
        return self._next + ahead
