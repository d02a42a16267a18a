"""Chirps are found to a fraction of a sample, under noise and through a codec, and never in their absence.

What vectors/acoustic.json describes, chirps.test.js hears too.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sound import speech

from streamer.audio_format import SAMPLE_RATE, SAMPLES_PER_FRAME
from streamer.client.audio.codec import Decoder, Encoder
from streamer.client.audio.samples import Samples, silence
from streamer.measure.chirps import (
    chirp,
    chirp_train,
    delays,
    describe_missing,
    echo_delays,
    find_chirps,
    noise_dbfs,
    peak_dbfs,
)

LOOK_AHEAD = 120
CASES = json.loads((Path(__file__).parents[2] / "vectors/acoustic.json").read_text(encoding="utf-8"))


def noise(seconds: float, dbfs: float, seed: int = 1) -> Samples:
    rng = np.random.default_rng(seed)
    return (10 ** (dbfs / 20) * rng.standard_normal(round(seconds * SAMPLE_RATE))).astype(np.float32)


def shifted(samples: Samples, by: float) -> Samples:
    """Later by parts of a sample too."""
    spectrum = np.fft.rfft(samples)
    turned = spectrum * np.exp(-2j * np.pi * np.fft.rfftfreq(len(samples)) * by)
    return np.fft.irfft(turned, len(samples)).astype(np.float32)


def recording_of(case: dict[str, Any]) -> Samples:
    recording = np.zeros(case["samples"], np.float32)
    state = 1
    for place in range(case["samples"]):
        state = state * 48_271 % 2_147_483_647
        recording[place] = case["noise"] * (state / 1_073_741_824 - 1)
    for place, gain in case["chirps"]:
        recording[place : place + len(chirp())] += gain * chirp()
    return recording


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_chirps_are_found_where_they_are(case: dict[str, Any]) -> None:
    recording = recording_of(case)
    found = find_chirps(recording)
    assert [each.position for each in found] == pytest.approx(case["found"], abs=1)
    assert echo_delays(found, 1) == pytest.approx([case["echo"]], abs=1)
    assert noise_dbfs(recording) == pytest.approx(case["noise_dbfs"], abs=0.5)
    assert peak_dbfs(recording) == pytest.approx(case["peak_dbfs"], abs=0.5)


@pytest.mark.parametrize("by", [0, 0.25, 0.5, 4_800.4])
@pytest.mark.parametrize("gain", [1, 0.01, -0.3])
def test_a_chirp_is_found_to_a_tenth_of_a_sample_however_loud_and_even_upside_down(
    by: float, gain: float
) -> None:
    train, sent = chirp_train(4, 0.5)
    late = delays(sent, find_chirps(gain * shifted(train, by)))
    assert late == pytest.approx([by] * 4, abs=0.1)


def test_chirps_are_found_under_noise_as_loud_as_themselves() -> None:
    train, sent = chirp_train(10, 0.5)
    loud = noise(5, 20 * np.log10(float(np.std(chirp()))), seed=2)
    late = delays(sent, find_chirps(train + loud))
    assert late == pytest.approx([0] * 10, abs=3)


@pytest.mark.parametrize(
    "nothing", [silence(SAMPLE_RATE * 10), noise(30, -20), speech(0), speech(1), silence(10), silence(0)]
)
def test_where_there_is_no_chirp_none_is_found(nothing: Samples) -> None:
    assert find_chirps(nothing) == []


def test_through_the_codec_a_chirp_comes_out_the_look_ahead_later() -> None:
    train, sent = chirp_train(6, 0.5)
    encoder, decoder = Encoder(), Decoder()
    frames = train.reshape(-1, SAMPLES_PER_FRAME)
    out = np.concatenate([decoder.decode(encoder.encode(frame)) for frame in frames])
    assert delays(sent, find_chirps(out)) == pytest.approx([LOOK_AHEAD] * 6, abs=3)


def test_a_chirp_that_was_cut_out_is_lost_and_the_others_are_not() -> None:
    train, sent = chirp_train(4, 1.0)
    train[sent[2] : sent[2] + len(chirp())] = 0
    assert delays(sent, find_chirps(train)) == pytest.approx([0, 0, None, 0], abs=0.1)


@pytest.mark.parametrize(("delay_ms", "gain"), [(20, 0.9), (37, 1.5), (60, 0.03), (650, 0.3)])
def test_echoes_are_told_from_chirps_in_one_recording(delay_ms: int, gain: float) -> None:
    delay = delay_ms * SAMPLE_RATE // 1000
    train, _ = chirp_train(5, 1.5)
    echo = np.concatenate((silence(delay), train[:-delay] * gain))
    assert echo_delays(find_chirps(train + echo), 5) == pytest.approx([delay] * 5, abs=1)


def test_an_echo_that_did_not_come_is_lost_and_makes_no_false_pair() -> None:
    train, sent = chirp_train(4, 1.5)
    echo = np.concatenate((silence(4_800), train[:-4_800] * 0.5))
    echo[sent[1] : sent[2]] = 0
    assert echo_delays(find_chirps(train + echo), 4) == pytest.approx([4_800, None, 4_800, 4_800], abs=1)
    assert echo_delays([], 2) == [None, None]


@pytest.mark.parametrize(
    ("heard", "why"),
    [
        (silence(SAMPLE_RATE), "heard nothing at all"),
        (silence(0), "heard nothing at all"),
        (noise(2, -15), "too loud here"),
        (noise(2, -50), "but no chirp"),
    ],
    ids=["silence", "no sound", "a loud room", "a quiet room"],
)
def test_why_no_chirp_was_found_is_said_in_words(heard: Samples, why: str) -> None:
    assert why in describe_missing(heard)


def test_noise_is_estimated_between_the_chirps() -> None:
    train, _ = chirp_train(10, 0.5)
    in_band_db = 10 * np.log10(5_000 / 24_000)
    assert noise_dbfs(train + noise(5, -40)) == pytest.approx(-40 + in_band_db, abs=1)
