"""One talker of a room: packets in, talkspurts out. Times are in s, of any clock."""

from typing import Final

import numpy as np

from streamer.captions.endpoints import SILENCE_S, Endpoints, Talkspurt
from streamer.captions.engine import RATE, WINDOW, VoiceDetector
from streamer.captions.voice import Voice
from streamer.client.audio.samples import Samples
from streamer.wire.packet import Packet

_NOTHING: Final = np.zeros(0, dtype=np.float32)

_STALL_S: Final = 0.6
"""Seconds without a packet in the middle of a word: a network stands still for half of that now and then."""


class Talker:
    """`detector` is this talker's own."""

    def __init__(self, detector: VoiceDetector) -> None:
        self._detector = detector
        self._voice = Voice()
        self._endpoints = Endpoints()
        self._rest = _NOTHING
        """Less than a window."""
        self._next = 0
        """The position behind `_rest`, at 16 kHz."""
        self._heard_at = float("-inf")
        self._captured: tuple[int, int] = (0, 0)

    @property
    def talkspurt(self) -> Talkspurt | None:
        """What is being said; None in a pause."""
        return self._endpoints.talkspurt

    @property
    def _is_pausing(self) -> bool:
        talkspurt = self.talkspurt
        return talkspurt is not None and talkspurt.last_voice < len(talkspurt.windows)

    def captured_ms(self, position: int) -> int:
        """When the sample at `position` (16 kHz) was said, in ms of the relay's clock."""
        known, ms = self._captured
        return ms + (position - known) * 1_000 // RATE

    def push(self, packet: Packet, now: float, captured_ms: int) -> list[Talkspurt]:
        """`captured_ms` is that of the packet's first sample; returns the talkspurts that have ended."""
        position = self._voice.push(packet, now)
        if position is not None and self.talkspurt is None:  # within one, a line keeps its times
            self._captured = position, captured_ms
        self._heard_at = now
        return self._hear(now)

    def look(self, now: float) -> list[Talkspurt]:
        """To be called some times a second: a talker who sends nothing any more has finished."""
        ended = self._hear(now)
        patience_s = SILENCE_S if self._is_pausing else _STALL_S
        if self.talkspurt and now - self._heard_at > patience_s:
            ended += self.finish()
        return ended

    def finish(self) -> list[Talkspurt]:
        """Nothing follows, or not at once."""
        ended = []
        if self._rest.size:
            padded = np.concatenate((self._rest, np.zeros(WINDOW - self._rest.size, dtype=np.float32)))
            ended = self._take(padded, self._next - self._rest.size)
        self._rest = _NOTHING
        self._detector.reset()
        last = self._endpoints.finish()
        return [*ended, last] if last else ended

    def _hear(self, now: float) -> list[Talkspurt]:
        ended: list[Talkspurt] = []
        for position, samples in self._voice.pop(now):
            if position != self._next:
                ended += self.finish()
            self._rest = np.concatenate((self._rest, samples))
            self._next = position + samples.size
            while self._rest.size >= WINDOW:
                window, self._rest = self._rest[:WINDOW], self._rest[WINDOW:]
                ended += self._take(window, self._next - self._rest.size - WINDOW)
        return ended

    def _take(self, window: Samples, position: int) -> list[Talkspurt]:
        ended = self._endpoints.push(window, position, voice=self._detector.is_voice(window))
        return [ended] if ended else []
