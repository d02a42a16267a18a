"""Measures on sound: is this the voice that was spoken, and how late is it?

A voice that went through a codec, a browser's noise suppression and gain control is no longer the same wave,
yet the same speech: its energy moves through time and pitch as before. So **likeness** is the correlation of
two spectrograms at the delay where it is greatest, and that delay is made exact by the waves themselves. A
jitter buffer that stretches the voice shifts what follows, and nobody hears it; so each half second may be a
little earlier or later than the whole. Another sentence, silence, noise or chopped-up speech stays below
`ALIKE` (see test_sound.py).

For delays to a fraction of a millisecond, chirps and a matched filter.
"""

import functools
import itertools
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.io import wavfile
from scipy.signal import butter, chirp, correlate, lfilter, resample_poly, stft

SAMPLE_RATE = 48_000
ALIKE = 0.75
"""Speech at this likeness or above is the same, said by the same voice; different speech stays well below."""
ALIKE_AMONG_OTHERS = 0.4
"""One voice of two that speak at once: 0.6 without any path between, 0.2 where that voice is missing."""

HOP = 240  # 5 ms between two columns of a spectrogram
WINDOW = 480
STRETCH = 100  # columns that keep together, half a second
SHIFT = 12  # columns, 60 ms
BANDS_HZ = np.geomspace(200, 7_000, 25)
DEPTH_DB = 40  # what is so much softer than the loudest is as good as silence
LEAST_DBFS = -70  # a wire that is never louder holds nothing

Samples = np.ndarray[Any, np.dtype[np.float32]]

SENTENCES = (
    "The birch canoe slid on the smooth planks, glue the sheet to the dark blue background.",
    "Four hours of steady work faced us, a large size in stockings is hard to sell.",
    "Rice is often served in round bowls, the juice of lemons makes fine punch.",
    "These days a chicken leg is a rare dish, the boy was there when the sun rose.",
)  # IEEE Harvard sentences
VOICES = ("en-us", "en-gb+f3", "en-gb-scotland+m4", "en-us+f2")
WORDS_S = 3


class Heard(NamedTuple):
    likeness: float  # 1: the same; about 0: nothing in common
    delay_ms: float

    @property
    def alike(self) -> bool:
        return self.likeness >= ALIKE


@functools.cache
def speech(speaker: int = 0) -> Samples:
    """A few seconds of espeak-ng at 48 kHz, each speaker with a sentence and a voice of his own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        command = ["espeak-ng", "-v", VOICES[speaker], "-s", "165", "-w", str(path), SENTENCES[speaker]]
        subprocess.run(command, check=True, timeout=60)
        rate, spoken = wavfile.read(path)
    samples = resample_poly(spoken.astype(np.float32) / 32768, SAMPLE_RATE, rate)
    return (samples * (0.5 / np.abs(samples).max())).astype(np.float32)


def words(speaker: int = 0) -> Samples:
    """The first of it: enough to know whose voice it is."""
    return speech(speaker)[: WORDS_S * SAMPLE_RATE]


def hear(original: Samples, recorded: Samples, latest_ms: float = 3_000) -> Heard:
    """Look for a voice in a recording that started together with it."""
    said, heard = _spectrogram(original), _spectrogram(recorded)
    columns = said.shape[1]
    delays = max(1, min(int(latest_ms * SAMPLE_RATE / 1000 / HOP), heard.shape[1] - columns + 1))
    heard = np.pad(heard, ((0, 0), (SHIFT, SHIFT + max(0, columns + delays - heard.shape[1]))))
    shifts = range(SHIFT, SHIFT + delays)
    best = max(shifts, key=lambda shift: _correlation(said, heard[:, shift : shift + columns]))
    likeness = _correlation(said, _followed(said, heard[:, best - SHIFT : best + SHIFT + columns]))
    return Heard(likeness, _exact_delay(original, recorded, (best - SHIFT) * HOP) * 1000 / SAMPLE_RATE)


def tone(hertz: float, seconds: float, amplitude: float = 0.3) -> Samples:
    return (
        amplitude * np.sin(2 * np.pi * hertz * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE)
    ).astype(np.float32)


def tone_dbfs(recorded: Samples, hertz: float) -> float:
    """How loud a recording is within 20 Hz of a pitch."""
    spectrum = np.abs(np.fft.rfft(recorded * np.hanning(len(recorded)), norm="forward")) ** 2
    near = np.abs(np.fft.rfftfreq(len(recorded), 1 / SAMPLE_RATE) - hertz) < 20
    return float(10 * np.log10(spectrum[near].sum() + 1e-12))


def noise(seconds: float) -> Samples:
    """Without a gap, every moment unlike all others; of low pitch, so that its wave travels well."""
    white = np.random.default_rng(1).standard_normal(int(seconds * SAMPLE_RATE))
    low = lfilter(*butter(4, 3_000, fs=SAMPLE_RATE), white)
    return np.asarray(low * (0.2 / np.std(low)), dtype=np.float32)


def level_dbfs(samples: Samples) -> float:
    """The loudness of the loudest 50 ms, as RMS."""
    block = SAMPLE_RATE // 20
    if len(samples) < block:
        return -np.inf
    blocks = samples[: len(samples) // block * block].reshape(-1, block)
    return float(10 * np.log10(np.square(blocks).mean(axis=1).max() + 1e-12))


def turns_ms(samples: Samples, threshold_dbfs: float) -> Iterator[tuple[bool, float]]:
    """Whether it is louder than that, and for how long, in turns."""
    block = SAMPLE_RATE // 50
    blocks = samples[: len(samples) // block * block].reshape(-1, block)
    for is_loud, turn in itertools.groupby(np.square(blocks).mean(axis=1) > 10 ** (threshold_dbfs / 10)):
        yield bool(is_loud), len(list(turn)) * 20.0


def chirps(count: int, every_ms: float = 250) -> Samples:
    """Short sweeps to be found again by `chirp_delays_ms`."""
    sound = np.zeros(int((count + 0.5) * every_ms * SAMPLE_RATE / 1000), np.float32)
    for number in range(count):
        start = int((number + 0.25) * every_ms * SAMPLE_RATE / 1000)
        sound[start : start + len(_sweep())] = _sweep()
    return sound


def chirp_delays_ms(sent: Samples, received: Samples, latest_ms: float = 200) -> list[float]:
    """For each chirp on one wire, how much later it is on another; chirps that got lost are left out.

    All chirps are alike: the next one must come later than any of them can be heard.
    """
    at_sent, at_received = _matched(sent), _matched(received)
    span = int(latest_ms * SAMPLE_RATE / 1000)
    starts = _peaks(at_sent)
    if any(after - before < span for before, after in itertools.pairwise(starts)):
        raise ValueError(f"chirps within {latest_ms} ms of each other can be taken for one another")
    delays = []
    for start in starts:
        window = at_received[start : start + span]
        if window.size and window.max() > 0.6:
            delays.append(int(np.argmax(window)) * 1000 / SAMPLE_RATE)
    return delays


def _spectrogram(samples: Samples) -> Samples:
    """The energy of each band over time in dB over the floor; all zero for silence."""
    if level_dbfs(samples) < LEAST_DBFS:
        return np.zeros((len(BANDS_HZ) - 1, max(1, len(samples) // HOP)), np.float32)
    frequencies, _, bins = stft(samples, SAMPLE_RATE, nperseg=WINDOW, noverlap=WINDOW - HOP)
    edges = np.searchsorted(frequencies, BANDS_HZ)
    energy = np.add.reduceat(np.square(np.abs(bins)), edges, axis=0)[: len(BANDS_HZ) - 1]
    decibels = 10 * np.log10(energy + 1e-15)
    floor = np.percentile(decibels.max(axis=0), 98) - DEPTH_DB  # the loudest click doesn't count
    return np.maximum(decibels - floor, 0).astype(np.float32)


def _correlation(one: Samples, other: Samples) -> float:
    """Pearson's, after the mean of each band is gone: a room or a codec that colours the voice doesn't
    matter."""
    one = one - one.mean(axis=1, keepdims=True)
    other = other - other.mean(axis=1, keepdims=True)
    scale = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float((one * other).sum()) / scale if scale else 0.0


def _followed(said: Samples, heard: Samples) -> Samples:
    """What was heard, each stretch of it where it is most like what was said; `heard` has SHIFT more at both
    ends."""
    parts = []
    for start in range(0, said.shape[1], STRETCH):
        part = said[:, start : start + STRETCH]
        places = (heard[:, place : place + part.shape[1]] for place in range(start, start + 2 * SHIFT + 1))
        parts.append(max(places, key=lambda place, part=part: _correlation(part, place)))
    return np.concatenate(parts, axis=1)


def _exact_delay(original: Samples, recorded: Samples, about: int) -> int:
    """The delay in samples, within 20 ms of a first guess, at which the waves agree best."""
    margin = SAMPLE_RATE // 50
    start = max(0, about - margin)
    excerpt = recorded[start : start + len(original) + 2 * margin]
    if len(excerpt) < len(original):
        excerpt = np.pad(excerpt, (0, len(original) - len(excerpt)))
    return start + int(np.argmax(np.abs(correlate(excerpt, original, "valid", "fft"))))


@functools.cache
def _sweep() -> Samples:
    time = np.arange(int(0.04 * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.5 * np.hanning(len(time)) * chirp(time, 600, time[-1], 6_000)).astype(np.float32)


def _matched(samples: Samples) -> Samples:
    """How much each moment is like the start of a chirp, from 0 to 1 whatever its loudness."""
    sweep = _sweep() / np.linalg.norm(_sweep())
    match = np.abs(correlate(samples, sweep, "valid", "fft"))
    energy = np.sqrt(np.maximum(correlate(np.square(samples), np.ones_like(sweep), "valid", "fft"), 0))
    return np.where(energy > 1e-3, match / np.maximum(energy, 1e-3), 0)


def _peaks(match: Samples) -> list[int]:
    """Where chirps start: each best within 100 ms."""
    found = []
    rest = match.copy()
    while rest.size and rest.max() > 0.6:
        best = int(np.argmax(rest))
        found.append(best)
        rest[max(0, best - SAMPLE_RATE // 10) : best + SAMPLE_RATE // 10] = 0
    return sorted(found)
