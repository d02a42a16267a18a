"""Sound in memory: float32 at 48 kHz, full scale at ±1; mono in one dimension, stereo in rows of left and
right."""

import numpy as np
from numpy.typing import NDArray

from streamer.audio_format import CHANNELS
from streamer.wire.packet import SILENCE_LEVEL

Samples = NDArray[np.float32]


def silence(n_samples: int, channels: int = CHANNELS) -> Samples:
    return in_channels(np.zeros(n_samples * channels, dtype=np.float32), channels)


def in_channels(interleaved: Samples, channels: int) -> Samples:
    """`interleaved` itself, as rows of its channels where there are several."""
    return interleaved if channels == 1 else interleaved.reshape(-1, channels)


def level_of(samples: Samples) -> int:
    """Loudness in −dBov, 0 (loudest) to 127 (silence), of the root mean square (RFC 6464; RFC 6465, appendix
    A)."""
    flat = samples.ravel()
    power = float(np.dot(flat, flat)) / max(1, len(flat))
    if not 10 ** (-SILENCE_LEVEL / 10) < power < float("inf"):  # what is not finite is no sound
        return SILENCE_LEVEL
    return min(SILENCE_LEVEL, max(0, round(-10 * float(np.log10(power)))))
