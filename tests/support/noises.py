"""What a room holds that is no word: fans, hum, keys, murmur, and music without words. All at 48 kHz, made
here.

The murmur is of real voices, those of LibriVox, backwards: it has the spectrum and the rhythm of speech, and
no words.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from librivox import sentences
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, resample_poly

from streamer.audio_format import SAMPLE_RATE
from streamer.client.audio.samples import Samples

Noise = Callable[[int, np.random.Generator], NDArray[np.float64]]

_STRIKES_PER_S: Final = 6.0
"""Of somebody who types fast."""

_BEAT_S: Final = 0.5
_MURMUR_LEVEL: Final = 0.03
"""Root mean square: −30 dBFS, somebody else's table beside an open microphone."""


def _white(n: int, random: np.random.Generator) -> NDArray[np.float64]:
    return random.standard_normal(n)


def _filtered(
    n: int, random: np.random.Generator, edges: float | tuple[float, float], kind: str
) -> NDArray[np.float64]:
    return np.asarray(lfilter(*butter(2, edges, kind, fs=SAMPLE_RATE), _white(n, random)))


def room(n: int, random: np.random.Generator) -> NDArray[np.float64]:
    """A quiet one: what every microphone hisses."""
    return 0.003 * _white(n, random)


def fan(n: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Its air, and the tone of its blades."""
    blades = np.sin(2 * np.pi * 117 * np.arange(n) / SAMPLE_RATE)
    return 0.2 * _filtered(n, random, 400, "low") + 0.02 * blades


def hum(n: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Of the mains, with its harmonics."""
    time = np.arange(n) / SAMPLE_RATE
    return np.asarray(sum(0.05 / k * np.sin(2 * np.pi * 50 * k * time + k) for k in range(1, 12))) + room(
        n, random
    )


def swells(n: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Noise in the band of a telephone, which swells as syllables do."""
    time = np.arange(n) / SAMPLE_RATE
    loudness = np.clip(np.sin(2 * np.pi * 0.4 * time) + 0.5 * np.sin(2 * np.pi * 3.1 * time), 0, None)
    return 0.2 * _filtered(n, random, (300, 3_400), "band") * loudness


def keys(n: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Strikes at random: a click of 3 ms, and the body of the keyboard after it."""
    strikes = np.zeros(n)
    at = np.flatnonzero(random.random(n) < _STRIKES_PER_S / SAMPLE_RATE)
    strikes[at] = random.uniform(0.3, 1.0, len(at))
    time = np.arange(SAMPLE_RATE // 20) / SAMPLE_RATE
    click = random.standard_normal(len(time)) * np.exp(-time / 0.003)
    body = np.sin(2 * np.pi * 180 * time) * np.exp(-time / 0.012)
    return 0.2 * np.convolve(strikes, click + body)[:n] + room(n, random)


def melody(n: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Plucked, in the range in which people speak."""
    tones = 220 * 2 ** (np.array([0, 4, 7, 12, 9, 5, 2, 7]) / 12)
    time = np.arange(n) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(np.repeat(np.resize(tones, n // 14_400 + 1), 14_400)[:n]) / SAMPLE_RATE
    return 0.2 * np.asarray(sum(np.sin(k * phase) / k for k in range(1, 6))) * np.exp(-3 * (time % 0.3))


def chords(n: int, random: np.random.Generator) -> NDArray[np.float64]:
    """An organ's, with vibrato, one in two seconds: as near to a choir as it gets without one."""
    time = np.arange(n) / SAMPLE_RATE
    roots = np.repeat(np.resize(110 * 2 ** (np.array([0, 5, 7, 3]) / 12), n // 96_000 + 1), 96_000)[:n]
    bent = np.cumsum(roots * (1 + 0.006 * np.sin(2 * np.pi * 5.5 * time))) * 2 * np.pi / SAMPLE_RATE
    voices = (2 ** (interval / 12) * bent for interval in (0, 4, 7, 12))
    return 0.05 * np.asarray(sum(np.sin(k * each) / k for each in voices for k in range(1, 9)))


def drums(n: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Bass drum, snare and hi-hat in turns."""
    time = np.arange(n) / SAMPLE_RATE
    beat, eighth = time % (2 * _BEAT_S), time % (_BEAT_S / 2)
    bass = np.sin(2 * np.pi * 55 * beat) * np.exp(-beat / 0.08)
    off = (beat - _BEAT_S) % (2 * _BEAT_S)
    snare = _filtered(n, random, (200, 6_000), "band") * np.exp(-off / 0.06)
    hat = _filtered(n, random, 7_000, "high") * np.exp(-eighth / 0.02)
    return 0.4 * bass + 0.15 * snare + 0.05 * hat


def murmur_of(talkers: int) -> Noise:
    """So many who talk at once in the same room, each from another place of the same reading, backwards."""

    def murmur(n: int, random: np.random.Generator) -> NDArray[np.float64]:
        whole = np.concatenate([sentence.samples for sentence in sentences()])[::-1]
        backwards = np.asarray(resample_poly(whole, 3, 1), dtype=np.float64)
        backwards = np.resize(backwards, n + len(backwards))
        voices = (backwards[begin : begin + n] for begin in random.integers(0, len(backwards) - n, talkers))
        together: NDArray[np.float64] = np.asarray(sum(voices))
        return together * _MURMUR_LEVEL / np.sqrt(np.mean(np.square(together))) + room(n, random)

    return murmur


NOISES: Final[dict[str, Noise]] = {
    "room": room,
    "fan": fan,
    "hum": hum,
    "swells": swells,
    "keys": keys,
    "murmur": murmur_of(12),
    "murmur of six": murmur_of(6),
    "murmur of four": murmur_of(4),
    "murmur of three": murmur_of(3),
    "murmur of two": murmur_of(2),
    "melody": melody,
    "chords": chords,
    "drums": drums,
}


def noises(seconds: float, seed: int = 17) -> dict[str, Samples]:
    """Each for an equal part of `seconds`."""
    n = int(seconds * SAMPLE_RATE / len(NOISES))
    return {
        name: np.asarray(noise(n, np.random.default_rng(seed)), dtype=np.float32)
        for name, noise in NOISES.items()
    }
