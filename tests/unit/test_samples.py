import numpy as np
import pytest

from streamer.client.audio.samples import level_of, silence, soft_clip


@pytest.mark.parametrize(
    ("amplitude", "level"), [(1.0, 0), (0.1, 20), (0.001, 60), (10 ** (-126 / 20), 126), (1e-9, 127), (0.0, 127)]
)
def test_the_level_is_the_root_mean_square_in_decibels_under_full_scale(amplitude: float, level: int) -> None:
    assert level_of(np.full(480, amplitude, dtype=np.float32)) == level


def test_the_level_of_stereo_is_that_of_both_channels() -> None:
    left = np.full(480, 0.1, dtype=np.float32)
    assert level_of(np.stack((left, left), axis=1)) == 20
    assert level_of(np.stack((left, 0 * left), axis=1)) == 23


def test_a_level_has_no_value_beyond_its_seven_bits() -> None:
    assert level_of(np.full(480, 4, dtype=np.float32)) == 0
    assert level_of(silence(0)) == 127


def test_a_mix_that_fits_is_left_alone_and_one_that_does_not_is_bent_without_a_jump() -> None:
    ramp = np.linspace(-4, 4, 10_001, dtype=np.float32)
    bent = soft_clip(ramp.copy())
    inside = np.abs(ramp) <= 0.9
    assert np.array_equal(bent[inside], ramp[inside])
    assert np.abs(bent).max() <= 1
    assert np.diff(bent).min() >= 0
    assert np.diff(bent).max() <= np.diff(ramp).max() * 1.01
