"""Sound made shorter and longer: the pitch stays, and nothing clicks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamer.jitter.sync_buffer import stretch

RATE = 48_000
SHARES = [-0.25, -0.1, 0.1, 0.25]
Sound = NDArray[np.float32]


def hum(hertz: float, seconds: float = 2.0) -> Sound:
    """A voice-like buzz: twelve harmonics, falling off, with a little vibrato."""
    t = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * (hertz * t + 0.2 * np.sin(2 * np.pi * 5 * t))
    return np.asarray(0.15 * sum(np.sin(k * phase) / k for k in range(1, 13)), np.float32)


def pitch(sound: Sound, near: float) -> float:
    """The fundamental, as the mean over 60 ms pieces of the autocorrelation's peak, within 30 % of `near`."""
    found = []
    lags = np.arange(int(RATE / near * 0.7), int(RATE / near * 1.3))
    for start in range(4800, len(sound) - 9600, 2880):
        piece = sound[start : start + 2880].astype(np.float64)
        later = [sound[start + lag : start + lag + 2880].astype(np.float64) for lag in lags]
        scores = [piece @ shifted / np.linalg.norm(shifted) for shifted in later]
        found.append(RATE / lags[int(np.argmax(scores))])
    return float(np.mean(found))


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("hertz", [90, 130, 210, 330])
def test_a_voice_gets_longer_or_shorter_by_nearly_the_share_and_keeps_its_pitch(share, hertz):
    sound = hum(hertz)
    played = stretch(sound, share)
    change = len(played) / len(sound) - 1
    expected = share if share > 0 else 1 / (1 - share) - 1
    assert abs(change) <= abs(expected) + 0.01
    assert change == pytest.approx(expected, abs=0.05)
    assert pitch(played, hertz) == pytest.approx(pitch(sound, hertz), rel=0.02)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("hertz", [90, 130, 210, 330])
def test_no_join_clicks(share, hertz):
    sound = hum(hertz)
    steepest = np.abs(np.diff(sound)).max()
    assert np.abs(np.diff(stretch(sound, share))).max() <= 1.05 * steepest


@pytest.mark.parametrize("share", SHARES)
def test_noise_that_resembles_itself_nowhere_is_left_alone(share):
    noise = np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32)
    np.testing.assert_array_equal(stretch(noise, share, 0.8), noise)


def test_silence_is_cut_freely():
    silence = np.zeros(RATE, np.float32)
    assert len(stretch(silence, -0.25)) < 0.85 * RATE


@settings(deadline=None, max_examples=30)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 20_000),
    st.floats(-0.5, 0.5).filter(lambda share: abs(share) > 0.01),
)
def test_any_sound_of_any_length_stays_within_its_bounds(seed, length, share):
    rng = np.random.default_rng(seed)
    sound = np.clip(np.cumsum(rng.normal(0, 0.02, length)), -1, 1).astype(np.float32)
    played = stretch(sound, share)
    assert np.all(np.isfinite(played))
    assert np.abs(played).max() <= np.abs(sound).max() + 1e-6
    assert 0.4 * length - 1000 <= len(played) <= 1.6 * length + 1000
