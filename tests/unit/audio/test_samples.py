import numpy as np
import pytest

from streamer.client.audio.samples import level_of, silence


@pytest.mark.parametrize(
    ("amplitude", "level"),
    [(1.0, 0), (0.1, 20), (0.001, 60), (10 ** (-126 / 20), 126), (1e-9, 127), (0.0, 127)],
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
