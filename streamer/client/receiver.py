"""One talker as one listener has him: a jitter buffer, a decoder, and how late he is.

Packets come on the event loop; samples are asked for by the device's thread. Between the two is only
`_inbox`, a deque (its append and popleft are atomic): the jitter buffer and the decoder belong to the thread
that asks.
"""

from collections import deque
from typing import Final

import numpy as np

from streamer.client.audio.codec import Decoder
from streamer.client.audio.samples import Samples
from streamer.client.delay.mouth_to_ear import MouthToEar
from streamer.jitter.jitter_buffer import JitterBuffer
from streamer.wire.packet import ENCRYPTED, TALKSPURT_START, Packet

_INBOX_PACKETS: Final = 2_048
"""Five seconds of the shortest: a device that asked for nothing that long has stopped, and memory must not
grow."""


FLOOR_MS: Final = 8.0
"""The least that a jitter buffer waits: an event loop with other work to do is late by some ms now and
then."""

MUSICIANS_FLOOR_MS: Final = 5.0
"""The same for who chose short packets: one block of the sound card, and as much again. Late ones raise it as
ever."""


class Receiver:
    def __init__(self, talker_id: int, name: str, *, gain: float = 1.0, floor_ms: float = FLOOR_MS) -> None:
        self.talker_id = talker_id
        self.name = name
        self.gain = gain
        self.unreadable = 0
        self.mouth_to_ear = MouthToEar()
        self._playout: tuple[int | None, float] = (None, 0.0)
        self._jitter_buffer = JitterBuffer(Decoder(), floor_ms=floor_ms)
        self._inbox: deque[tuple[int, int, bytes, float, bool]] = deque(maxlen=_INBOX_PACKETS)

    @property
    def jitter_buffer(self) -> JitterBuffer:
        return self._jitter_buffer

    def push(self, packet: Packet, now: float) -> None:
        if packet.flags & ENCRYPTED:
            self.unreadable += 1
            return
        self.mouth_to_ear.on_packet(packet.timestamp, round(now * 1e6))
        starts = bool(packet.flags & TALKSPURT_START)
        self._inbox.append((packet.seq, packet.timestamp, packet.payload, now * 1000, starts))

    def pop(self, n_samples: int, now: float) -> Samples:
        """The next `n_samples`; of stereo, the mean of both channels."""
        self._take_in(now)
        return self._loud(self._jitter_buffer.pop(n_samples, now * 1000))

    def pop_planes(self, n_samples: int, now: float) -> Samples:
        """The next `n_samples` of mid, (L + R) / 2, and as many of side, (L - R) / 2."""
        self._take_in(now)
        mid, side = planes = np.empty((2, n_samples), dtype=np.float32)
        self._jitter_buffer.pop_into(mid, now * 1000, side)
        return self._loud(planes)

    @property
    def is_playing(self) -> bool:
        """True if a voice is being played, and no silence between two talkspurts."""
        return self._jitter_buffer.playout_timestamp is not None

    @property
    def captured_s(self) -> float | None:
        """When the next sample entered the talker's microphone, in seconds of perf_counter(); None while
        unknown."""
        timestamp = self._jitter_buffer.playout_timestamp
        captured_us = None if timestamp is None else self.mouth_to_ear.captured_us(timestamp)
        return None if captured_us is None else captured_us / 1e6

    def _take_in(self, now: float) -> None:
        while self._inbox:
            self._jitter_buffer.push(*self._inbox.popleft())
        self._playout = self._jitter_buffer.playout_timestamp, now

    def _loud(self, samples: Samples) -> Samples:
        return samples if self.gain == 1.0 else samples * np.float32(self.gain)

    def note_playout(self, output_us: int | None) -> None:
        """Tell the mouth-to-ear figure what was popped last, and how much longer it takes to the
        loudspeaker."""
        timestamp, popped = self._playout
        self._playout = None, popped
        if timestamp is not None:
            self.mouth_to_ear.on_playout(timestamp, round(popped * 1e6), output_us)
