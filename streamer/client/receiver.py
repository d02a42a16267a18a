"""One talker as a listener has him: a jitter buffer, a decoder, and what is known about him.

Packets come on the event loop; samples are asked for by the device's thread. Between the two is only `_inbox`, a deque
(its append and popleft are atomic): the jitter buffer and the decoder belong to the thread that asks.
"""

from collections import deque
from typing import Final

import numpy as np

from streamer.client.audio.codec import Decoder
from streamer.client.audio.samples import Samples
from streamer.client.delay.mouth_to_ear import MouthToEar
from streamer.jitter.jitter_buffer import JitterBuffer
from streamer.wire.packet import ENCRYPTED, SILENCE_LEVEL, TALKSPURT_START, Packet

_INBOX_PACKETS: Final = 512
"""Five seconds: a device that asked for nothing that long has stopped, and memory must not grow meanwhile."""

_LEVEL_LASTS_S: Final = 0.3


class Receiver:
    def __init__(self, talker_id: int, name: str, *, muted: bool = False, gain: float = 1.0) -> None:
        self.talker_id = talker_id
        self.name = name
        self.muted = muted
        self.away = False
        self.hand = False
        self.hand_us = 0
        """When it was raised, in µs of the relay's clock."""
        self.listening = False
        self.host = False
        self.may_talk = True
        self.gain = gain
        self.unreadable = 0
        self.mouth_to_ear = MouthToEar()
        self._playout: tuple[int | None, float] = (None, 0.0)
        self._jitter_buffer = JitterBuffer(Decoder())
        self._inbox: deque[tuple[int, int, bytes, float, bool]] = deque(maxlen=_INBOX_PACKETS)
        self._last_level = SILENCE_LEVEL
        self._last_heard = float("-inf")

    @property
    def only_listens(self) -> bool:
        """By its own choice, or because it may not talk."""
        return self.listening or not self.may_talk

    @property
    def jitter_buffer(self) -> JitterBuffer:
        return self._jitter_buffer

    def push(self, packet: Packet, now: float) -> None:
        if packet.flags & ENCRYPTED:
            self.unreadable += 1
            return
        self._last_level, self._last_heard = packet.level, now
        self.mouth_to_ear.arrived(packet.timestamp, round(now * 1e6))
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

    def _take_in(self, now: float) -> None:
        while self._inbox:
            self._jitter_buffer.push(*self._inbox.popleft())
        self._playout = self._jitter_buffer.playout_timestamp, now

    def _loud(self, samples: Samples) -> Samples:
        return samples if self.gain == 1.0 else samples * np.float32(self.gain)

    def note_playout(self, output_us: int | None) -> None:
        """Tell the mouth-to-ear figure what was popped last, and how much longer it takes to the loudspeaker."""
        timestamp, popped = self._playout
        self._playout = None, popped
        if timestamp is not None:
            self.mouth_to_ear.played(timestamp, round(popped * 1e6), output_us)

    def level(self, now: float) -> int:
        """How loud this talker is, in −dBov."""
        return self._last_level if now - self._last_heard < _LEVEL_LASTS_S else SILENCE_LEVEL
