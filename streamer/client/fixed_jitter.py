"""A jitter buffer of a fixed delay.

Every sample has its place on one line, the talker's timestamps. `pop` walks along that line:
  waiting    silence, until the delay's worth of sound is there or the first packet has waited that long;
  playing    decode what lies at the line; conceal what is missing, so that what comes late is dropped and the delay
             stays; after `_MAX_CONCEALED_SAMPLES` of that, fade out and wait again;
  excess     more than `_SLACK_SAMPLES` over the delay is dropped at once, oldest first: the delay always comes back.
"""

from typing import Final

import numpy as np

from streamer.audio_format import SAMPLE_RATE, SAMPLES_PER_FRAME
from streamer.client.codec import Decoder
from streamer.client.samples import Samples, silence

DELAY_SAMPLES: Final = SAMPLE_RATE * 40 // 1000

_SLACK_SAMPLES: Final = SAMPLE_RATE * 40 // 1000
_MAX_CONCEALED_SAMPLES: Final = SAMPLE_RATE * 60 // 1000
_RESTART_SAMPLES: Final = SAMPLE_RATE * 2
"""A timestamp this far from the line is neither late nor early: a long pause is over, or a clock began anew."""


class FixedJitterBuffer:
    """Times are in seconds, of any one clock."""

    def __init__(self, decoder: Decoder, delay_samples: int = DELAY_SAMPLES) -> None:
        self._decoder = decoder
        self._delay_samples = delay_samples
        self._packets: dict[int, tuple[bytes, float]] = {}
        self._line = 0
        self._playing = False
        self._decoded = silence(0)
        self._concealed_in_a_row = 0
        self.late = self.duplicate = self.dropped = self.concealed_samples = 0

    @property
    def level_ms(self) -> float:
        return (len(self._packets) * SAMPLES_PER_FRAME + len(self._decoded)) * 1000 / SAMPLE_RATE

    def push(self, seq: int, timestamp: int, payload: bytes, now: float) -> None:
        place = self._line + _difference(timestamp, self._line)
        if abs(place - self._line) > _RESTART_SAMPLES:
            self._packets.clear()
            self._playing = False
        if not self._packets and not self._playing:
            self._line = place
        if self._playing and place < self._line:
            self.late += 1
        elif place in self._packets:
            self.duplicate += 1
        else:
            self._packets[place] = payload, now

    def pop(self, n_samples: int, now: float) -> Samples:
        while len(self._decoded) < n_samples:
            missing = n_samples - len(self._decoded)
            self._decoded = np.concatenate((self._decoded, self._next(missing, now)))
        block, self._decoded = self._decoded[:n_samples], self._decoded[n_samples:]
        return block

    def _next(self, missing: int, now: float) -> Samples:
        if not self._playing and not self._begin(now):
            return silence(missing)
        self._drop_excess()
        if self._line in self._packets:
            payload, _ = self._packets.pop(self._line)
            samples = self._decoder.decode(payload)
            self._concealed_in_a_row = 0
        else:
            samples = self._conceal()
        self._line += len(samples)
        self._forget_overlapped()
        return samples

    def _begin(self, now: float) -> bool:
        if not self._packets:
            return False
        first = min(self._packets)
        waited_s = now - self._packets[first][1]
        held = len(self._packets) * SAMPLES_PER_FRAME
        self._playing = held >= self._delay_samples or waited_s * SAMPLE_RATE >= self._delay_samples
        self._line = first
        self._concealed_in_a_row = 0
        return self._playing

    def _drop_excess(self) -> None:
        if len(self._packets) * SAMPLES_PER_FRAME <= self._delay_samples + _SLACK_SAMPLES:
            return
        keep = self._delay_samples // SAMPLES_PER_FRAME
        for place in sorted(self._packets)[:-keep]:
            del self._packets[place]
            self.dropped += 1
        self._line = min(self._packets)

    def _forget_overlapped(self) -> None:
        for place in [place for place in self._packets if place < self._line]:
            del self._packets[place]
            self.dropped += 1

    def _conceal(self) -> Samples:
        gap = min(self._packets, default=self._line + SAMPLES_PER_FRAME) - self._line
        n_samples = min(gap, SAMPLES_PER_FRAME)
        self._concealed_in_a_row += n_samples
        self.concealed_samples += n_samples
        samples = self._decoder.conceal(n_samples)
        if self._concealed_in_a_row >= _MAX_CONCEALED_SAMPLES:
            self._playing = False
            samples *= np.linspace(1, 0, n_samples, dtype=np.float32)
        return samples


def _difference(timestamp: int, line: int) -> int:
    """How far `timestamp`, modulo 2³², is ahead of `line`."""
    return (timestamp - line + 2**31) % 2**32 - 2**31
