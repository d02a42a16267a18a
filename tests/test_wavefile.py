import asyncio
import struct
import wave
from contextlib import suppress
from pathlib import Path
from time import perf_counter, sleep

import numpy as np
import pytest
from virtual_time import run_virtually

from streamer.audio_format import STEREO
from streamer.client.samples import Samples, silence
from streamer.client.wavefile import FilePlayout, WavReader, WavSource, WavWriter
from streamer.errors import AudioError


def tone(rate: int, seconds: float = 1.0) -> Samples:
    return (np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate) * 0.5).astype(np.float32)


def write(path: Path, samples: Samples, rate: int, sample_bytes: int = 2, channels: int = 1) -> Path:
    """Rows of `channels` samples, or the same sample in each of them."""
    peak = 2 ** (8 * sample_bytes - 1) - 1
    rows = np.broadcast_to(samples.reshape(len(samples), -1), (len(samples), channels))
    whole = np.rint(rows.astype(np.float64) * peak).astype(np.int64).ravel()
    data = whole.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :sample_bytes]
    if sample_bytes == 1:
        data = (whole + 128).astype(np.uint8)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, sample_bytes, rate, 0, "NONE", ""))
        file.writeframes(data.tobytes())
    return path


def read_all(path: Path, n_samples: int = 480, channels: int = 1) -> Samples:
    """Frame by frame, as a microphone gives it."""
    reader = WavReader(path, channels)
    frames = [reader.read(start, n_samples) for start in range(0, reader.n_samples, n_samples)]
    reader.close()
    return np.concatenate(frames)[: reader.n_samples]


def error_db(heard: Samples, wanted: Samples) -> float:
    edge = 500
    difference = (heard - wanted)[edge:-edge]
    return float(10 * np.log10(np.mean(difference**2) / np.mean(wanted[edge:-edge] ** 2)))


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 47_999, 48_000, 96_000, 192_000])
def test_any_rate_becomes_48_khz_at_the_same_pitch_and_time(tmp_path: Path, rate: int) -> None:
    heard = read_all(write(tmp_path / "a.wav", tone(rate), rate))
    assert len(heard) == pytest.approx(48_000, abs=1)
    assert error_db(heard, tone(48_000)[: len(heard)]) < -60


@pytest.mark.parametrize(("sample_bytes", "noise_db"), [(1, -35), (2, -80), (3, -110), (4, -110)])
def test_any_sample_size_is_read(tmp_path: Path, sample_bytes: int, noise_db: float) -> None:
    heard = read_all(write(tmp_path / "a.wav", tone(48_000), 48_000, sample_bytes))
    assert error_db(heard, tone(48_000)) < noise_db


def test_channels_are_mixed_down(tmp_path: Path) -> None:
    left_only = np.stack((tone(44_100), silence(44_100))).T.reshape(-1)
    path = write(tmp_path / "a.wav", left_only, 44_100)
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, 22, 2)  # channels
    struct.pack_into("<IH", data, 28, 44_100 * 4, 4)
    path.write_bytes(data)
    assert error_db(read_all(path), tone(48_000) / 2) < -60


def test_what_lies_above_the_new_rate_s_half_does_not_come_back_as_another_tone(tmp_path: Path) -> None:
    high = (np.sin(2 * np.pi * 40_000 * np.arange(96_000) / 96_000) * 0.5).astype(np.float32)
    assert np.abs(read_all(write(tmp_path / "a.wav", high, 96_000))[500:-500]).max() < 0.001


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a WAV file"),
        (b"ID3\x03 this is an MP3", "is not a WAV file"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "is not a WAV file"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt \x10\0\0\0\x03\0\1\0\x80\xbb\0\0\0\xee\2\0\4\0\x20\0data\0\0\0\0", "plain PCM"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt \x10\0\0\0\x01\0\1\0\x80\xbb\0\0\0\x77\1\0\2\0\x10\0data\0\0\0\0", "0 samples"),
        (b"RIFF\x28\x00\x00\x00WAVEfmt \x10\0\0\0\x01\0\1\0\1\0\0\0\2\0\0\0\2\0\x10\0data\4\0\0\0abcd", "at 1 Hz"),
    ],
)
def test_what_is_no_usable_wav_file_is_refused_in_words(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=reason):
        WavReader(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"nothing\.wav can't be read: No such file"):
        WavReader(tmp_path / "nothing.wav")
    with pytest.raises(AudioError, match=r"b\.wav can't be written: No such file"):
        WavWriter(tmp_path / "nowhere/b.wav")


def test_a_file_cut_short_ends_where_it_was_cut(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(48_000), 48_000)
    path.write_bytes(path.read_bytes()[: 44 + 2 * 24_000 + 1])
    heard = read_all(path)
    assert len(heard) < 24_050
    assert error_db(heard[:24_000], tone(48_000)[:24_000]) < -80


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_file_s_left_and_right_stay_where_they_are(tmp_path: Path, rate: int) -> None:
    left, right = tone(rate), 0.25 * tone(rate)
    path = write(tmp_path / "a.wav", np.stack((left, right), axis=1), rate, channels=STEREO)
    heard = read_all(path, channels=STEREO)
    assert error_db(heard[:, 0], tone(48_000)) < -60
    assert error_db(heard[:, 1], 0.25 * tone(48_000)) < -60


def test_a_file_with_one_channel_is_on_both_sides(tmp_path: Path) -> None:
    heard = read_all(write(tmp_path / "a.wav", tone(48_000), 48_000), channels=STEREO)
    assert heard.shape == (48_000, STEREO)
    np.testing.assert_array_equal(heard[:, 0], heard[:, 1])
    assert error_db(heard[:, 0], tone(48_000)) < -60


def test_a_source_is_paced_by_the_clock_as_a_microphone_is(tmp_path: Path) -> None:
    source = WavSource(write(tmp_path / "a.wav", tone(48_000, 0.03), 48_000))
    source.start(100.0)
    assert source.pop(100.009) is None
    assert source.wait_s(100.009) == pytest.approx(0.001)
    frame = source.pop(100.0101)
    assert frame is not None
    assert frame[0] == 0
    assert source.pop(100.0102) is None
    assert source.captured_at(480) == pytest.approx(100.01)
    assert [source.pop(100.5) is not None for _ in range(3)] == [True, True, False]
    assert source.ended


def test_a_file_waits_for_a_program_that_was_held_up(tmp_path: Path) -> None:
    source = WavSource(write(tmp_path / "a.wav", tone(48_000, 0.03), 48_000))
    whole = read_all(tmp_path / "a.wav")
    source.start(100.0)
    said = [source.pop(now) for now in (100.011, 104.02, 104.021, 104.031)]
    positions = [frame[0] for frame in said if frame]
    assert said[2] is None
    assert positions == [0, pytest.approx(4.01 * 48_000, abs=1), pytest.approx(4.02 * 48_000, abs=1)]
    np.testing.assert_array_equal(np.concatenate([frame[1] for frame in said if frame]), whole[: 3 * 480])
    assert source.ended


def test_the_header_is_valid_after_every_write(tmp_path: Path) -> None:
    path = tmp_path / "b.wav"
    writer = WavWriter(path)
    for number in range(3):
        with wave.open(str(path), "rb") as file:
            assert file.getnframes() == number * 480
        writer.write(np.full(480, 2.0, dtype=np.float32))
    writer.close()
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (48_000, 1, 1_440)
        assert set(np.frombuffer(file.readframes(1_440), dtype="<i2")) == {32_767}


def test_rows_of_left_and_right_are_written_as_such(tmp_path: Path) -> None:
    writer = WavWriter(tmp_path / "b.wav", STEREO)
    writer.write(np.stack((tone(48_000), silence(48_000)), axis=1))
    writer.close()
    heard = read_all(tmp_path / "b.wav", channels=STEREO)
    assert error_db(heard[:, 0], tone(48_000)) < -60
    assert not heard[:, 1].any()


def test_a_playout_writes_as_time_goes_by_and_keeps_what_it_has_when_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "b.wav"

    async def record(seconds: float) -> None:
        playout = FilePlayout(lambda n_samples, now: np.full(n_samples, 0.25, dtype=np.float32), path)
        with suppress(TimeoutError):
            await asyncio.wait_for(playout.run(), seconds)
        playout.close()

    run_virtually(record(30.0))
    heard = read_all(path)
    assert 29.98 * 48_000 <= len(heard) <= 30.01 * 48_000
    assert np.allclose(heard, 0.25, atol=0.001)


async def test_a_playout_that_was_held_up_goes_on_from_now_and_is_silent_for_what_it_missed(tmp_path: Path) -> None:
    asked: list[tuple[float, float]] = []

    def pop(n_samples: int, now: float) -> Samples:
        asked.append((now, perf_counter()))
        if len(asked) == 10:
            sleep(1.2)  # as a stopped process does
        return np.full(n_samples, 0.25, dtype=np.float32)

    path = tmp_path / "b.wav"
    playout = FilePlayout(pop, path)
    began = perf_counter()
    with suppress(TimeoutError):
        await asyncio.wait_for(playout.run(), 2)
    lasted = perf_counter() - began
    playout.close()
    heard = read_all(path)
    assert all(really - now < 0.8 for now, really in asked), "it asked for what should have played long ago"
    assert len(heard) / 48_000 == pytest.approx(lasted, abs=0.3)
    assert np.count_nonzero(heard == 0) >= 48_000
    assert np.allclose(heard[-480:], 0.25, atol=0.001)


@pytest.mark.parametrize("held_up_s", [0.1, 0.49, 0.51, 2.5, 3_600.0])
def test_a_source_that_was_held_up_floods_nobody(tmp_path: Path, held_up_s: float) -> None:
    source = WavSource(write(tmp_path / "a.wav", tone(48_000, 2.0), 48_000))
    source.start(100.0)
    assert source.pop(100.011)
    now = 100.011 + held_up_s
    at_once = 0
    while source.pop(now):
        at_once += 1
    assert at_once <= 50
