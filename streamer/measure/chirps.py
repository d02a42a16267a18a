"""Chirps, and finding them again in what a microphone heard, to a fraction of a sample.

A chirp is a short sweep. Its matched filter squeezes its 40 ms into a peak 0.2 ms wide that stands far above
noise and speech (pulse compression: Klauder et al., The theory and design of chirp radars, 1960). The plan of
`find_chirps`:
  band      leave out what a chirp can't hold: hum and hiss;
  filter    the envelope of the correlation (of the analytic signal), so that neither a loudspeaker's phase
            nor a wire that turns the wave upside down matters; divided by the energy around, so that loudness
            doesn't matter;
  peaks     what is above `LEAST_LIKENESS` and best within `APART_S`, its place refined by a parabola.
Noise alone has a likeness of at most 0.28 in ten seconds: no chirp is found in noise.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamer.audio_format import SAMPLE_RATE
from streamer.client.audio.samples import Samples, silence

CHIRP_S: Final = 0.04
BAND_HZ: Final = (1_000.0, 6_000.0)
"""What the smallest loudspeaker plays and every microphone hears."""

LEAST_LIKENESS: Final = 0.4
"""Well above noise, and a chirp reaches it through a cheap loudspeaker and the echo of a room."""

APART_S: Final = 0.015
"""Sooner, it is an echo of the room: one from 2.5 m away is back."""

LATEST_S: Final = 0.7
"""A chirp that is not back by then is lost."""

_LOUDNESS: Final = 0.5
_SILENT_DBFS: Final = -70.0
_TOO_LOUD_DBFS: Final = -30.0
_LEAST_RMS: Final = 1e-4
_EDGE_HZ: Final = 200.0
_NOISE_DBFS: Final = -60.0
"""Between chirps: too soft to disturb, and so loud that no gate or noise suppressor shuts."""

_BLOCK: Final = SAMPLE_RATE // 50
_EARLY: Final = SAMPLE_RATE // 1000
"""A place that was found too early by a hair is still the place."""

Reals = NDArray[np.float64]


class Found(NamedTuple):
    """A chirp that begins at `position`, in samples and parts of one; `likeness` from 0 to 1, whatever its
    loudness."""

    position: float
    likeness: float


def chirp() -> Samples:
    """One sweep through the band, swelling and fading (Hann), with a peak of 0.5."""
    n_samples = round(CHIRP_S * SAMPLE_RATE)
    time = np.arange(n_samples) / SAMPLE_RATE
    low, high = BAND_HZ
    phase = 2 * np.pi * (low * time + (high - low) * time**2 / (2 * CHIRP_S))
    return np.asarray(_LOUDNESS * np.hanning(n_samples) * np.sin(phase), dtype=np.float32)


def chirp_train(count: int, every_s: float) -> tuple[Samples, list[int]]:
    """`count` chirps, and the places where they begin. Soft noise is under them, so that a talker goes on
    talking."""
    every = round(every_s * SAMPLE_RATE)
    rng = np.random.default_rng(count)
    train = np.asarray(10 ** (_NOISE_DBFS / 20) * rng.standard_normal(count * every), dtype=np.float32)
    places = [number * every + every // 4 for number in range(count)]
    for place in places:
        train[place : place + len(chirp())] += chirp()
    return train, places


def find_chirps(samples: Samples) -> list[Found]:
    """All chirps in `samples`, in order."""
    likeness = _likeness(samples)
    apart = round(APART_S * SAMPLE_RATE)
    found = []
    for place in _local_maxima(likeness):
        around = likeness[max(0, place - apart) : place + apart + 1]
        if likeness[place] == around.max():
            found.append(Found(place + _vertex(likeness, place), float(likeness[place])))
    return found


def delays(sent: list[int], found: list[Found]) -> list[float | None]:
    """For each chirp sent how many samples later it was found, on the same line of time; None where it was
    lost.

    Only where chirps are sent at least `LATEST_S` apart, none that was lost can borrow the next one's.
    """
    return [_first_after(place, found) for place in sent]


def echo_delays(found: list[Found], expected: int) -> list[float | None]:
    """How long after each chirp the same one came back, in samples, in one recording of both; None for those
    lost.

    Chirps have to be sent at least 2 × `LATEST_S` apart, so that no echo can pass for the next chirp.
    """
    latest = LATEST_S * SAMPLE_RATE
    echoes: list[float | None] = []
    rest = list(found)
    while rest and len(echoes) < expected:
        heard = rest.pop(0)
        near = [other for other in rest if other.position - heard.position <= latest]
        echo = max(near, key=lambda other: other.likeness, default=None)
        echoes.append(echo.position - heard.position if echo else None)
        rest = rest[len(near) :]
    return echoes + [None] * (expected - len(echoes))


def noise_dbfs(samples: Samples) -> float:
    """How loud it is in the chirps' band most of the time: the median of blocks of 20 ms."""
    blocks = _in_band(samples)[: len(samples) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    if not len(blocks):
        return -np.inf
    return float(10 * np.log10(np.median(np.square(blocks).mean(axis=1)) + 1e-12))


def peak_dbfs(samples: Samples) -> float:
    return float(20 * np.log10(np.abs(samples).max(initial=0) + 1e-6))


def describe_missing(samples: Samples) -> str:
    """Why no chirp, or hardly any, was found in `samples`, in words for people."""
    noise, peak = noise_dbfs(samples), peak_dbfs(samples)
    if peak < _SILENT_DBFS:
        return (
            "No chirp found: the microphone heard nothing at all. Is it muted? Is it the right device, with "
            "its cable "
            "plugged in, and is the loudspeaker turned up?"
        )
    if noise > _TOO_LOUD_DBFS:
        return (
            f"No chirp found: it is too loud here ({noise:.0f} dBFS between the chirps, above "
            f"{_TOO_LOUD_DBFS:.0f}). "
            "Try it in a quieter place, or turn the loudspeaker up."
        )
    return (
        f"No chirp found: the microphone hears something ({peak:.0f} dBFS at most, {noise:.0f} dBFS mostly), "
        "but no "
        "chirp. Turn the loudspeaker up, bring it closer, and switch noise suppression off."
    )


def _first_after(place: int, found: list[Found]) -> float | None:
    late = [chirp.position - place for chirp in found]
    return min((each for each in late if -_EARLY <= each <= LATEST_S * SAMPLE_RATE), default=None)


def _likeness(samples: Samples) -> Reals:
    """How much what begins at each sample is like a chirp, from 0 to 1."""
    template = chirp().astype(np.float64)
    heard = _in_band(samples)
    n_samples = len(heard) - len(template) + 1
    if n_samples < 1:
        return np.zeros(0)
    size = 1 << (len(heard) + len(template) - 1).bit_length()
    spectrum = np.fft.fft(heard, size) * np.conj(np.fft.fft(template, size))
    spectrum[size // 2 :] = 0  # of the analytic signal, whose magnitude is the envelope
    envelope = 2 * np.abs(np.fft.ifft(spectrum))[:n_samples]
    sums = np.concatenate(([0.0], np.cumsum(np.square(heard))))
    energy = np.sqrt(np.maximum(sums[len(template) :] - sums[: -len(template)], 0))
    least = _LEAST_RMS * np.sqrt(len(template))
    likeness: Reals = envelope / (np.linalg.norm(template) * np.maximum(energy, least))
    return likeness


def _in_band(samples: Samples) -> Reals:
    """`samples` without what is outside the chirps' band, and without delay."""
    if not len(samples):
        return np.zeros(0)
    spectrum = np.fft.rfft(np.concatenate((samples, silence(_BLOCK))))
    frequency = np.fft.rfftfreq(len(samples) + _BLOCK, 1 / SAMPLE_RATE)
    low, high = BAND_HZ
    gain = np.clip(np.minimum(frequency - low, high - frequency) / _EDGE_HZ + 1, 0, 1)
    return np.fft.irfft(spectrum * gain, len(samples) + _BLOCK)[: len(samples)]


def _local_maxima(likeness: Reals) -> list[int]:
    inner = likeness[1:-1]
    peaks = (inner >= likeness[:-2]) & (inner > likeness[2:]) & (inner >= LEAST_LIKENESS)
    return [int(place) + 1 for place in np.flatnonzero(peaks)]


def _vertex(likeness: Reals, place: int) -> float:
    """Where between the samples the peak is: the vertex of the parabola through it and its neighbours."""
    before, peak, after = likeness[place - 1 : place + 2]
    return float((before - after) / (2 * (before - 2 * peak + after)))
