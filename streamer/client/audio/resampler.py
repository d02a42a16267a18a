"""Any sample rate to 48 kHz, a piece at a time, by a windowed sinc in polyphase form.

Output sample n lies at n · step / phases of the input, so that its filter is one of `phases`, and every piece
can be computed alone. Where a rate asks for more filters than MAX_FILTERS, the one before it is taken.
"""

from math import ceil, gcd
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from streamer.audio_format import SAMPLE_RATE
from streamer.client.audio.samples import Samples

_ZERO_CROSSINGS: Final = 16
"""Of the sinc, on each side. Half of it dulls the highest tones and lets more aliasing through; double costs
twice the time."""

MAX_FILTERS: Final = 1_280
"""11,025 Hz, the usual rate that needs most, has 640. At 384 kHz so many filters take 1.3 MB; the error of
the one before is below that of 12 bits, at rates that no sound card has."""


class Resampler:
    def __init__(self, rate: int) -> None:
        common = gcd(rate, SAMPLE_RATE)
        self._phases, self._step = SAMPLE_RATE // common, rate // common
        bandwidth = min(1.0, SAMPLE_RATE / rate)
        self._half = ceil(_ZERO_CROSSINGS / bandwidth)
        self._count = min(self._phases, MAX_FILTERS)
        self._filters = self._design(bandwidth)

    def needs(self, start: int, n_samples: int) -> tuple[int, int]:
        """Where the input for the output [start, start + n_samples) begins and ends; it may reach beyond the
        sound."""
        first = start * self._step // self._phases
        last = (start + n_samples - 1) * self._step // self._phases
        return first - self._half + 1, last + self._half + 1

    def resample(self, start: int, n_samples: int, needed: Samples) -> Samples:
        """The output [start, start + n_samples), out of the input that `needs` told."""
        at = np.arange(start, start + n_samples, dtype=np.int64) * self._step
        windows = sliding_window_view(needed, 2 * self._half)[at // self._phases - at[0] // self._phases]
        filters = self._filters[at % self._phases * self._count // self._phases]
        resampled: Samples = np.einsum("ij,ij->i", windows, filters)
        return resampled

    def _design(self, bandwidth: float) -> Samples:
        taps = np.arange(2 * self._half) - self._half + 1
        distance = taps - np.arange(self._count)[:, None] / self._count
        window = np.cos(np.pi / 2 * np.clip(distance / self._half, -1, 1)) ** 2
        filters = bandwidth * np.sinc(bandwidth * distance) * window
        return np.asarray(filters / filters.sum(axis=1, keepdims=True), dtype=np.float32)
