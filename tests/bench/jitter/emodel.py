"""How good a call is, by the E-model (ITU-T G.107): what a listener loses by delay, and by sound that is
missing.

R is 93.2 for a call with no delay and no loss; 80 satisfies most, 70 many, 60 few (G.109).
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Defaults of G.107, table 2, and what they come to.
SIGNAL_TO_NOISE: Final = 94.77
SIMULTANEOUS: Final = 1.41
NOISE_DBM0P: Final = -61.18
RECEIVE_LOUDNESS_DB: Final = 2.0
TALKER_ECHO_LOUDNESS_DB: Final = 65.0
WEIGHTED_ECHO_PATH_LOSS_DB: Final = 110.0
DELAY_SENSITIVITY: Final = 1.0
LEAST_PERCEIVED_MS: Final = 100.0

# Of Opus, super-wide-band, 40 kb/s, at random losses: Alahmadi, Pocta, Melvin, "An Adaptive Bitrate Switching
# Algorithm for Speech Applications in Context of WebRTC", ACM TOMM 17(4), 2021. What the codec itself costs
# is the same for all.
LOSS_ROBUSTNESS: Final = 9.79
WORST: Final = 95.0

REST_MS: Final = 60.0
"""Mouth to ear without the jitter buffer's delay: devices, packet and local network
(docs/measurements.md)."""

Values = NDArray[np.float64]


def rating(delays_ms: Values, missing: float, burst_ratio: float) -> float:
    """R of a call: `delays_ms` the buffer's, at all times alike; `missing` a share of the voice."""
    delayed = float(np.mean(of_delay(REST_MS + delays_ms)))
    return SIGNAL_TO_NOISE - SIMULTANEOUS - delayed - of_loss(missing, burst_ratio)


def of_loss(missing: float, burst_ratio: float) -> float:
    """Ie-eff: `burst_ratio` is how long bursts of loss are, in those of random loss."""
    percent = 100 * missing
    return WORST * percent / (percent / burst_ratio + LOSS_ROBUSTNESS)


def of_delay(one_way_ms: ArrayLike) -> Values:
    """Id: talker echo, listener echo, and delay itself; for a delay from mouth to ear that is above 0."""
    ms = np.asarray(one_way_ms, np.float64)
    return _talker_echo(ms) + _listener_echo(ms) + _pure_delay(ms)


def _talker_echo(ms: Values) -> Values:
    loudness = (
        TALKER_ECHO_LOUDNESS_DB - 40 * np.log10((1 + ms / 10) / (1 + ms / 150)) + 6 * np.exp(-0.3 * ms**2)
    )
    basic = -1.5 * (NOISE_DBM0P - RECEIVE_LOUDNESS_DB)
    half = (basic - (80 + 2.5 * (loudness - 14))) / 2
    return np.asarray((half + np.sqrt(half**2 + 100) - 1) * (1 - np.exp(-ms)))


def _listener_echo(ms: Values) -> Values:
    half = (SIGNAL_TO_NOISE - 10.5 * (WEIGHTED_ECHO_PATH_LOSS_DB + 7) * (2 * ms + 1) ** -0.25) / 2
    return np.asarray(half + np.sqrt(half**2 + 169))


def _pure_delay(ms: Values) -> Values:
    x = np.maximum(np.log2(ms / LEAST_PERCEIVED_MS), 0)
    power = 6 * DELAY_SENSITIVITY
    return np.asarray(25 * ((1 + x**power) ** (1 / power) - 3 * (1 + (x / 3) ** power) ** (1 / power) + 2))
