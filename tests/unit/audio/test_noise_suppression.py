"""Noise of a room is taken out of real voices, the voices stay, and the delay of it is told."""

import sys
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from librivox import sentences
from scipy.signal import butter, lfilter, resample_poly, stft

from streamer.audio_format import SAMPLE_RATE, SAMPLES_PER_FRAME
from streamer.cli import main
from streamer.client.audio.noise_suppression import DELAY_SAMPLES, NoiseSuppressor, Suppressed
from streamer.client.audio.samples import Samples

VOICE_RMS = 0.08
"""−22 dBFS: somebody in front of a microphone."""
NOISE_RMS = 0.008
"""20 dB below: a fan beside it."""
LEARNS = 2 * SAMPLE_RATE
"""It has to hear a noise for a while before it knows that it's one."""
LEAST_DB = 12
WORST_VOICE_DB = 2.5


def voices() -> Samples:
    """Five sentences of a reader, at 48 kHz, whole frames."""
    samples = resample_poly(np.concatenate([each.samples for each in sentences()]), 3, 1)
    samples = samples[: len(samples) // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME]
    return np.asarray(samples * VOICE_RMS / samples.std(), dtype=np.float32)


def fan(n_samples: int) -> Samples:
    """Pink noise, and some hiss above what the library hears."""
    white = np.random.default_rng(3).standard_normal((2, n_samples))
    pink = lfilter([0.0499, -0.096, 0.0506, -0.0044], [1, -2.495, 2.0173, -0.5222], white[0])
    hiss = lfilter(*butter(4, 9_000, "high", fs=SAMPLE_RATE), white[1])
    return np.asarray(NOISE_RMS * (pink / pink.std() + 0.3 * hiss / hiss.std()), dtype=np.float32)


def suppressed(samples: Samples) -> Samples:
    suppressor = NoiseSuppressor()
    return np.concatenate([suppressor.process(frame) for frame in samples.reshape(-1, SAMPLES_PER_FRAME)])


def level_db(samples: Samples) -> float:
    return float(10 * np.log10(np.square(samples, dtype=np.float64).mean() + 1e-12))


def lag(said: Samples, heard: Samples) -> int:
    """By how many samples one is later than the other."""
    match = np.fft.irfft(np.fft.rfft(heard) * np.conj(np.fft.rfft(said)))
    return int(np.argmax(match[:5_000]))


def test_a_fan_becomes_much_softer_in_every_band() -> None:
    noise = fan(8 * SAMPLE_RATE)
    left = suppressed(noise)
    for low, high in ((100, 1_000), (1_000, 7_000), (9_000, 16_000)):
        band = butter(4, (low, high), "band", fs=SAMPLE_RATE)
        before, after = (level_db(lfilter(*band, each)[LEARNS:]) for each in (noise, left))
        print(f"{low} to {high} Hz: {after - before:.1f} dB")
        assert after < before - LEAST_DB


def test_a_voice_stays_as_loud_in_quiet_and_beside_a_fan_and_is_late_by_what_is_told() -> None:
    voice = voices()
    for heard in (voice, voice + fan(len(voice))):
        kept = suppressed(heard)
        assert abs(lag(voice, kept) - DELAY_SAMPLES) <= 48, "1 ms"
        loud = np.abs(stft(voice, SAMPLE_RATE, nperseg=960)[2]) ** 2
        made = np.abs(stft(kept[DELAY_SAMPLES:], SAMPLE_RATE, nperseg=960)[2]) ** 2
        frames = slice(100, made.shape[1])
        speaks = loud[6:, frames] > loud[6:, frames].max() * 1e-3  # above 300 Hz, where it is loud
        change = 10 * np.log10(made[6:, frames][speaks].sum() / loud[6:, frames][speaks].sum())
        print(f"the loud parts of the voice: {change:+.1f} dB")
        assert abs(change) < WORST_VOICE_DB


def test_between_the_words_the_fan_is_gone() -> None:
    voice = voices()
    noise = fan(len(voice))
    kept = suppressed(voice + noise)[DELAY_SAMPLES:]
    by_frame = np.square(voice[: len(kept) // 960 * 960]).reshape(-1, 960).mean(axis=1)
    quietest = np.argsort(by_frame)[: len(by_frame) // 20]
    pauses = quietest[quietest * 960 > LEARNS]
    before, after = ([each[at * 960 : at * 960 + 960] for at in pauses] for each in (voice + noise, kept))
    print(f"between words: {level_db(np.array(after)) - level_db(np.array(before)):.1f} dB")
    assert level_db(np.array(after)) < level_db(np.array(before)) - LEAST_DB / 2


def test_silence_stays_silence_and_what_is_no_sound_harms_nothing() -> None:
    frames = [
        np.zeros(480),
        np.full(480, np.nan),
        np.full(480, np.inf),
        np.full(480, 5.0),
        *[np.zeros(480)] * 100,
    ]
    suppressor = NoiseSuppressor()
    made = [suppressor.process(frame.astype(np.float32)) for frame in frames]
    assert np.isfinite(made[-1]).all()
    assert level_db(made[-1]) < -60


class FakeMicrophone:
    name, mode, ended, latency_s, remark = "wire", "free", False, 0.005, "a remark"

    def __init__(self) -> None:
        self.popped = 0

    def pop(self, now: float) -> tuple[int, Samples]:
        self.popped += SAMPLES_PER_FRAME
        return self.popped - SAMPLES_PER_FRAME, np.zeros(SAMPLES_PER_FRAME, np.float32)

    def captured_at(self, position: int) -> float:
        return position / SAMPLE_RATE


def test_the_capture_time_is_that_of_the_voice_so_the_delay_is_in_every_figure() -> None:
    microphone: Any = FakeMicrophone()
    source = Suppressed(microphone)
    popped = [source.pop(0.0) for _ in range(3)]
    positions = [each[0] for each in popped if each]
    assert positions == [number * SAMPLES_PER_FRAME - DELAY_SAMPLES for number in range(3)]
    assert source.captured_at(positions[2]) == pytest.approx(0.02 - 0.008)
    assert source.remark == "a remark"


@pytest.mark.parametrize("options", [["--music"], ["--input", "x.wav"]])
def test_it_is_never_there_with_music_and_for_a_microphone_only(options: list[str]) -> None:
    link = "http://127.0.0.1:9/#room=kitchen"
    result = CliRunner().invoke(main, ["talk", link, "--noise-suppression", *options])
    assert result.exit_code != 0
    assert f"leave out {options[0]}" in str(result.exception) + result.output


def test_without_the_library_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "webrtc_noise_gain", None)
    result = CliRunner().invoke(main, ["talk", "http://127.0.0.1:9/#room=kitchen", "--noise-suppression"])
    assert "pip install 'streamer[noise]'" in str(result.exception) + result.output
