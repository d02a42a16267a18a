"""The mix never clips, on the desktop as in the page; and a volume is as loud in both."""

import json
import math
from typing import Any

import numpy as np
import pytest
from limiter_cases import VECTORS, run

from streamer.client.audio.limiter import Limiter
from streamer.client.volume import gain_of

SHARED = json.loads(VECTORS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", SHARED["limiter"], ids=lambda case: case["name"])
def test_the_desktop_limits_as_the_shared_case_says(case: dict[str, Any]) -> None:
    result = run(case["block"], case["loudness"], case["share"])
    for plane in ("mid", "side"):
        np.testing.assert_allclose(result[plane], case[plane], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("volume", "gain"), SHARED["volume"])
def test_a_volume_is_as_loud_as_the_shared_case_says(volume: float, gain: float) -> None:
    assert gain_of(volume) == gain


def test_a_mix_below_the_threshold_comes_out_as_it_went_in_to_the_bit() -> None:
    mid, side = np.full((2, 4_800), 0.35, np.float32) * np.linspace(-1, 1, 4_800, dtype=np.float32)
    before = mid.copy(), side.copy()
    Limiter(48_000).process(mid, side)
    np.testing.assert_array_equal((mid, side), before)


def test_half_the_volume_is_12_db_less() -> None:
    assert 20 * math.log10(gain_of(0.5)) == pytest.approx(-12.04, abs=0.01)


def test_the_length_of_blocks_makes_no_difference() -> None:
    sound = (3 * np.random.default_rng(1).normal(0, 0.3, 20_000)).astype(np.float32)
    whole, parts = sound.copy(), sound.copy()
    Limiter(48_000).process(whole)
    limiter = Limiter(48_000)
    for start in range(0, len(parts), 97):
        limiter.process(parts[start : start + 97])
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-6)
    assert np.abs(whole).max() < 1


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_not_finite_is_silence_and_what_follows_is_limited_as_ever(wrong: float) -> None:
    limiter, mid, side = Limiter(48_000), np.full(128, 2, np.float32), np.zeros(128, np.float32)
    mid[3] = side[9] = wrong
    limiter.process(mid, side)
    assert mid[3] == side[9] == mid[9] == 0
    assert np.abs(mid).max() < 1
