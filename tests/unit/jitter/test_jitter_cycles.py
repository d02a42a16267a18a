"""Cuts and repeats do not undo each other on and on, and nothing runs dry, at any block, jitter, drift and
signal."""

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from sound import speech

from streamer.jitter.jitter_buffer import JitterBuffer

PACKET = 480
SETTLED_MS = 5_000.0
UNDONE_WITHIN_MS = 1_000.0
MOST_UNDONE = 3
"""A target that moves with what is known of the network may undo a splice now and then; a cycle undoes each
of them."""
MOST_SPLICED = 0.004
"""A cycle cut out and repeated ten times as much."""
BLOCKS = [128, 240, 441, 480]
DRIFTS_PPM = [-300, 0, 300]
JITTERS_MS = [0, 4, 8, 15, 20]


class Played(NamedTuple):
    underruns: int
    missing_ms: float
    cut_ms: float
    repeated_ms: float
    undone: int
    minutes: float


class Voice:
    """Decodes each packet into the next 10 ms of speech, or of silence."""

    side = None

    def __init__(self, loudness: float) -> None:
        said = speech() * np.float32(loudness)
        self._said = said[: len(said) // PACKET * PACKET].reshape(-1, PACKET)
        self._count = 0

    def decode(self, payload: bytes) -> NDArray[np.float32]:
        self._count += 1
        return self._said[self._count % len(self._said)]

    def conceal(self, n_samples: int) -> NDArray[np.float32]:
        return np.zeros(n_samples, np.float32)


def played(block: int, ppm: float, jitter_ms: float, loudness: float, seconds: int) -> Played:
    count = seconds * 100
    captured = np.arange(count) * 10.0 * (1 + ppm * 1e-6) + 4.3
    arrivals = np.maximum.accumulate(captured + np.random.default_rng(3).random(count) * jitter_ms).tolist()
    buffer, samples = JitterBuffer(Voice(loudness)), np.zeros(block, np.float32)
    number, undone, last, last_ms, now_ms = 0, 0, 0.0, 0.0, 0.0
    before = settled = buffer.statistics
    while now_ms < arrivals[-1] - 20:
        while arrivals[number] <= now_ms:
            buffer.push(number % 2**16, number * PACKET % 2**32, b"x", arrivals[number])
            number += 1
        buffer.pop_into(samples, now_ms)
        after = buffer.statistics
        change = (
            after["expanded_ms"] - before["expanded_ms"] - after["accelerated_ms"] + before["accelerated_ms"]
        )
        if now_ms < SETTLED_MS:
            settled = after
        elif change:
            undone += change * last < 0 and now_ms - last_ms < UNDONE_WITHIN_MS
            last, last_ms = change, now_ms
        before, now_ms = after, now_ms + block / 48
    names = ("concealed_ms", "silent_ms", "accelerated_ms", "expanded_ms")
    concealed, silent, cut, repeated = (
        before[name] - settled[name] for name in names  # type: ignore[literal-required]
    )
    underruns = before["underruns"] - settled["underruns"]
    return Played(underruns, concealed + silent, cut, repeated, undone, (now_ms - SETTLED_MS) / 60_000)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("ppm", DRIFTS_PPM)
@pytest.mark.parametrize("loudness", [0.0, 1.0], ids=["silence", "speech"])
def test_nothing_is_missing_and_hardly_more_than_drift_is_made_up_for(
    block: int, ppm: float, loudness: float
) -> None:
    for jitter_ms in JITTERS_MS:
        result = played(block, ppm, jitter_ms, loudness, 15)
        assert (result.underruns, result.missing_ms) == (0, 0), f"{jitter_ms} ms of jitter"
        assert result.undone <= MOST_UNDONE, f"{jitter_ms} ms of jitter"
        spliced = (result.cut_ms + result.repeated_ms) / (result.minutes * 60_000)
        assert spliced <= abs(ppm) * 1e-6 + MOST_SPLICED, f"{jitter_ms} ms of jitter"


@pytest.mark.parametrize("jitter_ms", [0, 4])
@pytest.mark.parametrize("ppm", [-300, 300])
def test_in_minutes_of_drift_blocks_as_long_as_a_packet_never_run_dry(ppm: float, jitter_ms: float) -> None:
    result = played(480, ppm, jitter_ms, 1.0, 240)
    assert (result.underruns, result.missing_ms) == (0, 0)
    assert result.undone <= MOST_UNDONE * result.minutes
