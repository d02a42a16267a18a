"""Plays sound faster without a change of pitch: pieces of it, each begun where it fits best to the end of the
one before, and crossfaded (waveform similarity overlap-add, as SoundTouch does it).

At normal speed each piece fits where it stands, and what comes out is what went in. Twin of
web/worker/replay/time_stretch.js.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from streamer.client.audio.samples import Samples

_PIECE: Final = 1_920
"""40 ms hold several periods of any voice; half of it would repeat them audibly, twice would smear
consonants."""

_OVERLAP: Final = 384
"""8 ms of crossfade: a period of a voice of 125 Hz."""

_SEEK: Final = 720
"""A piece may begin up to 15 ms later: a period of the lowest voice, 67 Hz."""

_COARSE: Final = 4
"""Compared at every fourth place at first: 12 kHz tell all periods of a voice apart."""

_STEP: Final = _PIECE - _OVERLAP
_FADE: Final = ((np.arange(_OVERLAP) + 0.5) / _OVERLAP).astype(np.float32)


class TimeStretch:
    """`read(n)` gives the next n samples of two planes, mid and side, of shape (2, n); silence behind the
    end."""

    def __init__(self, read: Callable[[int], Samples], speed: float = 1.0) -> None:
        """`speed` is how much faster it plays; 1 or more."""
        self._read = read
        self._skip = round(speed * _STEP)
        self._is_faster = speed > 1
        self._tail = read(_OVERLAP)
        self._ahead = self._tail

    def next(self) -> Samples:
        """The next 32 ms, of shape (2, 1536)."""
        missing = max(_SEEK + _PIECE, self._skip) - self._ahead.shape[1]
        if missing > 0:
            self._ahead = np.concatenate((self._ahead, self._read(missing)), axis=1)
        start = self._best_place() if self._is_faster else 0
        made = self._ahead[:, start : start + _STEP].copy()
        made[:, :_OVERLAP] = self._tail * (1 - _FADE) + made[:, :_OVERLAP] * _FADE
        self._tail = self._ahead[:, start + _STEP : start + _PIECE].copy()
        self._ahead = self._ahead[:, self._skip :]
        return made

    def _best_place(self) -> int:
        best = self._best_of(0, _SEEK, _COARSE)
        return self._best_of(max(0, best - _COARSE), min(_SEEK, best + _COARSE), 1)

    def _best_of(self, first: int, last: int, step: int) -> int:
        """The place from `first` to `last` where what is ahead is most like the end of what was played."""
        tail = self._tail[0, ::step]
        windows = np.lib.stride_tricks.sliding_window_view(self._ahead[0, first : last + _OVERLAP], _OVERLAP)
        windows = windows[::step, ::step]
        power = np.einsum("ij,ij->i", windows, windows) + 1e-9  # of silence, which is like nothing
        return first + step * int(np.argmax(windows @ tail / np.sqrt(power)))
