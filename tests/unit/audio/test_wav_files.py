import asyncio
import os
import resource
import struct
import threading
import tracemalloc
import wave
from contextlib import suppress
from pathlib import Path
from time import perf_counter, sleep

import numpy as np
import pytest
import soundfile
from audio_rig import wait_until
from virtual_time import run_virtually

from streamer.audio_format import SAMPLE_RATE, STEREO
from streamer.client.audio.samples import Samples, silence
from streamer.client.audio.wav_files import FilePlayout, FileReader, FileSource, open_writer
from streamer.client.audio.wav_writer import WavWriter
from streamer.errors import AudioError


def tone(rate: int, seconds: float = 1.0) -> Samples:
    return (np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate) * 0.5).astype(np.float32)


def pcm(codec: int = 1, channels: int = 1, rate: int = 48_000, bits: int = 16) -> bytes:
    """The content of a chunk `fmt `."""
    frame_bytes = channels * bits // 8
    return struct.pack("<HHIIHH", codec, channels, rate, rate * frame_bytes, frame_bytes, bits)


def extensible(channels: int, bits: int, codec: int = 1) -> bytes:
    guid = bytes.fromhex("000000001000800000aa00389b71")
    extension = struct.pack("<HHIH", 22, bits, (1 << channels) - 1, codec) + guid
    return pcm(0xFFFE, channels, bits=bits) + extension


def chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    return (
        struct.pack("<4sI", name, len(content) if size is None else size)
        + content
        + b"\0" * (len(content) % 2)
    )


def wav(
    form: bytes,
    data: bytes,
    *,
    riff_size: int | None = None,
    data_size: int | None = None,
    magic: bytes = b"RIFF",
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    body = b"WAVE" + before + chunk(b"fmt ", form) + chunk(b"data", data, data_size) + after
    return magic + struct.pack("<I", len(body) if riff_size is None else riff_size) + body


def ds64(length: int) -> bytes:
    return chunk(b"ds64", struct.pack("<QQQI", length + 72, length, length // 2, 0))


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
    reader = FileReader(path, channels)
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
        (b"", "is empty"),
        (b"ID3\x03 this is an MP3", "is a damaged sound file"),
        (b"Dear Ada, \xc3\xa4\n", "it holds text"),
        (bytes(1_000), "is not a sound file"),
        (b"\0\0\0\x20ftypM4A \0\0", "is an MP4 file.*ffmpeg"),
        (b"RIFF\x24\x00\x00\x00AVI LIST", "holds no sound"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "with no format and no samples"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt \x10\0\0\0\x01\0", "ends within its header"),
        (wav(pcm(codec=0x161), bytes(100)), "not plain PCM .codec 0x0161.*ffmpeg"),
        (wav(pcm(rate=0), bytes(100)), "header is damaged"),
        (wav(pcm(channels=0), bytes(100)), "header is damaged"),
        (wav(pcm(), b""), "has no samples"),
        (wav(pcm(), b"", after=b"LIST\x04\0\0\0INFO"), "has no samples"),
        (wav(pcm(rate=1), bytes(100)), "1 samples per second"),
    ],
)
def test_what_is_no_usable_wav_file_is_refused_in_words(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=reason):
        FileReader(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"nothing\.wav can't be read: No such file"):
        FileReader(tmp_path / "nothing.wav")
    with pytest.raises(AudioError, match=r"b\.wav can't be written: No such file"):
        WavWriter(tmp_path / "nowhere/b.wav", 1)


def test_a_file_cut_short_ends_where_it_was_cut(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone(48_000), 48_000)
    path.write_bytes(path.read_bytes()[: 44 + 2 * 24_000 + 1])
    heard = read_all(path)
    assert len(heard) < 24_050
    assert error_db(heard[:24_000], tone(48_000)[:24_000]) < -80


TONE = np.rint(tone(48_000) * 32_767).astype("<i2").tobytes()
UNKNOWN = 0xFFFF_FFFF


@pytest.mark.parametrize(
    "content",
    {
        "RIFF size 36": wav(pcm(), TONE, riff_size=36),
        "RIFF size 0": wav(pcm(), TONE, riff_size=0),
        "both sizes 0": wav(pcm(), TONE, riff_size=0, data_size=0),
        "sizes 36 and 0": wav(pcm(), TONE, riff_size=36, data_size=0),
        "sizes all ones": wav(pcm(), TONE, riff_size=UNKNOWN, data_size=UNKNOWN),
        "sizes of a pipe": wav(pcm(), TONE, riff_size=0x7FFF_F024, data_size=0x7FFF_F000),
        "sizes too great": wav(pcm(), TONE, data_size=2 * len(TONE)),
        "chunks before": wav(pcm(), TONE, before=chunk(b"JUNK", bytes(28)) + chunk(b"bext", b"odd")),
        "an odd chunk without its padding": wav(pcm(), TONE, before=chunk(b"LIST", b"odd")[:-1]),
        "chunks behind": wav(pcm(), TONE, after=chunk(b"LIST", b"INFOabc")),
        "samples before their format": b"RIFF\0\0\0\0WAVE" + chunk(b"data", TONE) + chunk(b"fmt ", pcm()),
        "RF64": wav(pcm(), TONE, magic=b"RF64", riff_size=UNKNOWN, data_size=UNKNOWN, before=ds64(len(TONE))),
        "RF64 cut off": wav(pcm(), TONE, magic=b"RF64", riff_size=UNKNOWN, data_size=UNKNOWN, before=ds64(0)),
        "BW64": wav(pcm(), TONE, magic=b"BW64", riff_size=UNKNOWN, data_size=UNKNOWN, before=ds64(len(TONE))),
        "extensible": wav(extensible(1, 16), TONE),
        "float": wav(pcm(3, bits=32), tone(48_000).astype("<f4").tobytes()),
        "double": wav(pcm(3, bits=64), tone(48_000).astype("<f8").tobytes()),
        "24 bits extensible, 6 channels": wav(
            extensible(6, 24),
            np.repeat(np.frombuffer(TONE, "<i2").astype("<i4") << 8, 6)[:, None]
            .view(np.uint8)[:, :3]
            .tobytes(),
        ),
    }.items(),
    ids=lambda case: case[0],
)
@pytest.mark.parametrize("from_pipe", [False, True], ids=["file", "pipe"])
def test_a_wav_file_is_read_whatever_its_header_says(
    tmp_path: Path, content: tuple[str, bytes], from_pipe: bool
) -> None:
    path = tmp_path / "a.wav"
    if not from_pipe:
        path.write_bytes(content[1])
    elif content[0] == "samples before their format":
        pytest.skip("a pipe can't go back")
    else:
        feed(path, content[1])
    heard = read_to_the_end(path)
    assert len(heard) == 48_000
    assert error_db(heard, tone(48_000)) < -80


def feed(path: Path, content: bytes) -> None:
    """Into a named pipe, as a program would."""
    os.mkfifo(path)

    def write_all() -> None:
        with suppress(BrokenPipeError), path.open("wb", buffering=0) as pipe:
            for start in range(0, len(content), 4_321):
                pipe.write(content[start : start + 4_321])

    threading.Thread(target=write_all, daemon=True).start()


def read_to_the_end(path: Path, channels: int = 1) -> Samples:
    reader = FileReader(path, channels)
    frames = []
    while reader.n_samples is None or len(frames) * 480 < reader.n_samples:
        frames.append(reader.read(len(frames) * 480, 480))
    reader.close()
    return np.concatenate(frames)[: reader.n_samples]


@pytest.mark.parametrize(
    ("form", "peak"), [(pcm(6, rate=8_000, bits=8), 0.5), (pcm(7, rate=8_000, bits=8), 0.5)]
)
def test_telephone_codes_are_read(tmp_path: Path, form: bytes, peak: float) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(form, bytes(range(256)) * 32))
    assert np.abs(read_to_the_end(path)).max() > peak


@pytest.mark.parametrize("from_pipe", [False, True], ids=["file", "pipe"])
@pytest.mark.parametrize(
    ("name", "codec", "noise_db"),
    [
        ("a.flac", "PCM_16", -80),
        ("a.ogg", "VORBIS", -25),
        ("a.opus", "OPUS", -15),
        ("a.mp3", "MPEG_LAYER_III", -25),
        ("a.aiff", "PCM_24", -100),
        ("a.w64", "PCM_16", -80),
        ("a.au", "PCM_16", -80),
        ("a.caf", "PCM_16", -80),
    ],
)
def test_other_kinds_of_sound_files_are_read(
    tmp_path: Path, name: str, codec: str, noise_db: float, from_pipe: bool
) -> None:
    whole = tmp_path / name
    container = "OGG" if name.endswith("opus") else None
    soundfile.write(whole, tone(48_000), 48_000, codec, format=container)
    path = whole
    if from_pipe:
        path = tmp_path / "pipe"
        feed(path, whole.read_bytes())
    heard = read_to_the_end(path)
    assert len(heard) == pytest.approx(48_000, abs=2_500)  # MP3 counts in whole frames
    if name == "a.mp3":  # it begins later, by what its encoder needs
        spectrum = np.abs(np.fft.rfft(heard[4_000:40_000] * np.hanning(36_000))) ** 2
        assert spectrum[328:333].sum() > 0.99 * spectrum.sum()  # 440 Hz, in steps of 4/3 Hz
        return
    both = min(len(heard), 46_000)
    assert error_db(heard[:both], tone(48_000)[:both]) < noise_db


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.mp3"])
def test_an_encoded_file_that_was_cut_off_is_played_as_far_as_it_goes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    soundfile.write(path, np.random.default_rng(1).standard_normal(96_000) * 0.1, 48_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 20_000 < len(read_to_the_end(path)) < 70_000


def test_no_sample_of_a_float_file_is_infinite_or_no_number(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    odd = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 0.5] * 80, dtype="<f4")
    path.write_bytes(wav(pcm(3, bits=32), odd.tobytes()))
    assert read_to_the_end(path)[:6].tolist() == [0.0, 1.0, -1.0, 1.0, -1.0, 0.5]


def test_what_is_no_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="Is a directory"):
        FileReader(tmp_path)
    with pytest.raises(AudioError, match="null is empty"):
        FileReader(Path("/dev/null"))
    with pytest.raises(AudioError, match="is not a sound file"):
        FileReader(Path("/dev/zero"))
    with pytest.raises(AudioError, match="Is a directory"):
        open_writer(tmp_path, 1)
    with pytest.raises(AudioError, match=r"must end in one of \.wav, \.flac"):
        open_writer(tmp_path / "a.m4a", 1)


def test_a_disk_that_is_full_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="/dev/full can't be written: No space left"):
        WavWriter(Path("/dev/full"), 1)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".opus", ".mp3"])
@pytest.mark.parametrize("frames", [1, 30, 300, 1_000])
def test_a_file_is_whole_or_its_writer_says_why_not(tmp_path: Path, suffix: str, frames: int) -> None:
    """Whatever was written when, at the latest when it is closed; no file may be longer than the limit."""
    limit = 20_000
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    path = tmp_path / f"noise{suffix}"
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (frames, 480)).astype(np.float32)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    words = ""
    try:
        writer = open_writer(path, 1)
        for frame in noise:
            writer.write(frame)
        writer.close()
    except AudioError as error:
        words = str(error)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert ("File too large" in words) == (path.stat().st_size >= limit), words


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.mp3", "a.opus", "a.wav", "a"])
def test_the_end_of_its_name_says_how_a_file_is_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    writer = open_writer(path, STEREO)
    both = np.stack((tone(48_000), silence(48_000)), axis=1)
    for start in range(0, 48_000, 480):
        writer.write(both[start : start + 480])
    writer.close()
    with soundfile.SoundFile(path) as written:
        kinds = {"a.flac": "FLAC", "a.ogg": "OGG", "a.opus": "OGG", "a.mp3": "MP3"}
        assert (written.format, written.samplerate, written.channels) == (
            kinds.get(name, "WAV"),
            48_000,
            STEREO,
        )
    heard = read_to_the_end(path, STEREO)
    assert len(heard) == pytest.approx(48_000, abs=2_500)
    assert np.sqrt(np.mean(heard[:, 0] ** 2)) > 50 * np.sqrt(np.mean(heard[:, 1] ** 2))


def test_a_file_grows_beyond_4_gib_and_stays_readable(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    writer = WavWriter(path, 1)
    writer.write(tone(48_000))
    before = 2**32 - 48_000  # all but the end is a hole in the file
    header_bytes = path.stat().st_size - 2 * 48_000
    os.truncate(path, header_bytes + before)
    writer._data_bytes = before
    writer._file.seek(0, os.SEEK_END)
    writer.write(tone(48_000))
    writer.close()
    reader = FileReader(path)
    assert reader.n_samples == before // 2 + 48_000
    assert error_db(reader.read(before // 2, 48_000), tone(48_000)) < -80
    with path.open("rb") as file:
        assert file.read(4) == b"RF64"
    with soundfile.SoundFile(path) as other:
        assert other.frames == reader.n_samples


def test_what_a_live_recorder_wrote_before_anybody_listened_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    recorder = threading.Event()

    def record() -> None:
        with path.open("wb", buffering=0) as pipe:
            pipe.write(wav(pcm(), b"", riff_size=UNKNOWN, data_size=UNKNOWN) + TONE)
            recorder.wait(10)

    thread = threading.Thread(target=record)
    thread.start()
    source = FileSource(path)
    frames = source._reader._frames  # type: ignore[union-attr]
    wait_until(lambda: len(frames) == 100, 10, lambda: "the pipe is not read")
    source.start(100.0)
    said = []
    for number in range(20):
        frame = source.pop(100.0101 + number / 100)
        said += [frame[1]] if frame else []
    recorder.set()
    thread.join()
    assert len(said) == 12
    np.testing.assert_allclose(np.concatenate(said), np.frombuffer(TONE, "<i2")[-12 * 480 :] / 32_768)


def test_sound_goes_into_a_pipe_with_sizes_that_say_unknown(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    heard: list[bytes] = []
    listener = threading.Thread(target=lambda: heard.append(path.read_bytes()))
    listener.start()
    writer = open_writer(path, 1)
    writer.write(tone(48_000))
    writer.close()
    listener.join(10)
    assert heard[0][:8] == b"RIFF" + b"\xff" * 4
    assert heard[0][-len(TONE) :] == TONE


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
    source = FileSource(write(tmp_path / "a.wav", tone(48_000, 0.03), 48_000))
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
    source = FileSource(write(tmp_path / "a.wav", tone(48_000, 0.03), 48_000))
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
    writer = WavWriter(path, 1)
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


async def test_a_playout_that_was_held_up_goes_on_from_now_and_is_silent_for_what_it_missed(
    tmp_path: Path,
) -> None:
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
    source = FileSource(write(tmp_path / "a.wav", tone(48_000, 2.0), 48_000))
    source.start(100.0)
    assert source.pop(100.011)
    now = 100.011 + held_up_s
    at_once = 0
    while source.pop(now):
        at_once += 1
    assert at_once <= 50


@pytest.mark.parametrize("rate", [4_001, 44_099, 47_999, 96_001, 383_999])
def test_a_rate_that_no_sound_card_has_takes_no_more_memory_than_others(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "odd.wav"
    times = np.arange(rate) / rate
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 1_000 * times), rate, "FLOAT")
    tracemalloc.start()
    try:
        reader = FileReader(path)
        heard = np.concatenate([reader.read(start, 480) for start in range(0, 24_000, 480)])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    reader.close()
    assert peak < 16e6
    wanted = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(24_000) / SAMPLE_RATE)
    assert np.abs(heard - wanted)[1_000:-1_000].max() < 1e-3


def test_a_whole_sound_is_resampled_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.random.default_rng(5).uniform(-1, 1, 10 * 96_000), 96_000)
    tracemalloc.start()
    try:
        reader = FileReader(path)
        whole = reader.read(0, reader.n_samples or 0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(whole) == 480_000
    pieces = np.concatenate([reader.read(start, 7_001) for start in range(0, 480_000, 7_001)])
    reader.close()
    assert np.array_equal(pieces[:480_000], whole)
    assert peak < 40e6


def test_parts_without_end_are_not_looked_through(tmp_path: Path) -> None:
    path = tmp_path / "parts.wav"
    path.write_bytes(b"RIFF\xff\xff\xff\xffWAVE" + b"junk\0\0\0\0" * 100_000)
    with pytest.raises(AudioError, match="parts without end"):
        FileReader(path)


def test_a_jump_in_a_damaged_file_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "damaged.flac"
    soundfile.write(path, np.random.default_rng(3).uniform(-1, 1, 10 * SAMPLE_RATE), SAMPLE_RATE)
    content = path.read_bytes()
    path.write_bytes(content[:4_000])
    reader = FileReader(path)
    with suppress(AudioError):  # or silence
        assert not reader.read(9 * SAMPLE_RATE, 480).any()
    reader.close()
