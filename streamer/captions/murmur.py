"""Tells one who talks from the murmur of many, of which recognisers make whole sentences that nobody said.

A voice has pauses between its syllables, and many voices together have none. Measured, from the quietest tenth of the
windows to the loudest one: a reader 23 to 28 dB; with noise or a murmur that is 5 dB softer than the voice 9 to 11 dB;
the murmur of eight or more 4 to 6.5 dB.
"""

from typing import Final

import numpy as np

from streamer.captions.engine import WINDOW
from streamer.client.audio.samples import Samples

LEAST_RANGE_DB: Final = 7.0
"""Rather some words of a murmur than none of somebody who talks in it."""

_TENTHS: Final = (10, 90)
_NOTHING: Final = 1e-9
"""Of full scale, squared: the last bit of 16, so that digital silence has a loudness."""


def is_murmur(pcm_16k: Samples) -> bool:
    """Of a talkspurt as a whole; what is too short for a measurement is none."""
    windows = pcm_16k[: len(pcm_16k) // WINDOW * WINDOW].reshape(-1, WINDOW)
    if len(windows) < 2:
        return False
    loudness_db = 10 * np.log10(np.square(windows).mean(axis=1) + _NOTHING)
    quiet, loud = np.percentile(loudness_db, _TENTHS)
    return bool(loud - quiet < LEAST_RANGE_DB)
