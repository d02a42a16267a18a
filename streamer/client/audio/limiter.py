"""Keeps the mix from clipping when several voices meet. It adds no delay and looks at nothing to come.

Twin of web/worklets/limiter.js; tests/vectors/limiter.json keeps both equal. The gain follows the loudest
sample at once, and comes back slowly. Below the threshold each sample comes out as it went in. Above it,
peaks are bent so that they get ever closer to full scale and never reach it; since the gain is held, what
is bent is the loudness and not the wave. Left and right have one gain, so that nothing moves to the side:
the louder of mid + side and mid - side decides. What is not finite becomes silence, and is forgotten with
the next sample.

The peak, p[i] = max(threshold, p[i - 1] × release, loudness[i]), is computed for a whole block: divided by
release ** i, it is the running maximum of the loudnesses, each divided in the same way.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamer.client.audio.samples import Samples

THRESHOLD: Final = 10 ** (-3 / 20)
"""−3 dBFS: a voice alone hardly ever gets there. Half of it bends each loud voice; there is no double of
it."""

RELEASE_S: Final = 0.2
"""A syllable. Half of it lets the loudness flutter within a word; with double a shout leaves a hole behind
it."""

_ROOM: Final = 1 - THRESHOLD
_LONGEST_RUN: Final = 4_800
"""Samples at once: the divisor stays between 0.6 and 1, and nothing gets coarse."""


class Limiter:
    """For one mix, sampled at `rate` Hz."""

    def __init__(self, rate: int) -> None:
        self._peak = THRESHOLD
        self._release = math.exp(-1 / (RELEASE_S * rate))

    def process(self, mid: Samples, side: Samples | None = None) -> None:
        """Limit `mid`, and `side`, which is as long, in place."""
        for start in range(0, len(mid), _LONGEST_RUN):
            run = slice(start, start + _LONGEST_RUN)
            self._limit(mid[run], None if side is None else side[run])

    def _limit(self, mid: Samples, side: Samples | None) -> None:
        loud = np.abs(mid.astype(np.float64))
        if side is not None:
            loud += np.abs(side)
        wrong = ~np.isfinite(loud)
        if wrong.any():
            loud[wrong] = 0
            mid[wrong] = 0
            if side is not None:
                side[wrong] = 0
        if self._peak <= THRESHOLD and loud.max(initial=0) <= THRESHOLD:
            return
        peak = self._peaks(loud)
        self._peak = float(peak[-1])
        gain = np.where(peak > THRESHOLD, _bent(peak) / peak, 1.0)
        mid *= gain
        if side is not None:
            side *= gain

    def _peaks(self, loud: NDArray[np.float64]) -> NDArray[np.float64]:
        faded = self._release ** np.arange(1, len(loud) + 1)
        highest = np.maximum.accumulate(loud / faded)
        peaks: NDArray[np.float64] = np.maximum(THRESHOLD, faded * np.maximum(self._peak, highest))
        return peaks


def _bent(peak: NDArray[np.float64]) -> NDArray[np.float64]:
    """`peak`, at least the threshold, as it may be."""
    over = (peak - THRESHOLD) / _ROOM
    return THRESHOLD + _ROOM * over / (1 + over)
