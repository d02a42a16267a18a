"""A ring of samples between two threads: one only pushes, the other only pops, and neither ever waits.

Each side writes its own counter alone, after it has copied: so the other never sees samples that aren't there
yet.
"""

import numpy as np

from streamer.audio_format import CHANNELS
from streamer.client.audio.samples import Samples, silence


class Ring:
    def __init__(self, capacity_samples: int, channels: int = CHANNELS) -> None:
        self._buffer = silence(capacity_samples, channels)
        self._pushed = 0
        self._popped = 0
        self.overrun_samples = 0

    @property
    def level_samples(self) -> int:
        return self._pushed - self._popped

    def push(self, block: Samples) -> None:
        """Push all of `block`, or nothing if it does not fit; then its samples are counted in
        `overrun_samples`."""
        n = len(block)
        if n > len(self._buffer) - self.level_samples:
            self.overrun_samples += n
            return
        start = self._pushed % len(self._buffer)
        head = min(n, len(self._buffer) - start)
        self._buffer[start : start + head] = block[:head]
        self._buffer[: n - head] = block[head:]
        self._pushed += n

    def pop(self, n_samples: int) -> Samples | None:
        """Returns the next `n_samples`, or None if there are fewer."""
        if self.level_samples < n_samples:
            return None
        start = self._popped % len(self._buffer)
        head = min(n_samples, len(self._buffer) - start)
        block = np.concatenate((self._buffer[start : start + head], self._buffer[: n_samples - head]))
        self._popped += n_samples
        return block

    def skip(self, n_samples: int) -> None:
        """Drop the oldest `n_samples`, or all if there are fewer."""
        self._popped += max(0, min(n_samples, self.level_samples))
