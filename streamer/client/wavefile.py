"""WAV files in place of a sound card: paced by the clock, as a microphone and a loudspeaker are."""

import asyncio
import wave
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np

from streamer.audio_format import CHANNELS, SAMPLE_RATE, SAMPLES_PER_FRAME
from streamer.client.gate import Mode
from streamer.client.playout import Pop
from streamer.client.resample import Resampler
from streamer.client.samples import Samples, in_channels, silence
from streamer.errors import AudioError

_RATES: Final = range(4_000, 384_001)
_SAMPLE_BYTES: Final = range(1, 5)
_PCM_BYTES: Final = 2
_PCM_PEAK: Final = 32_767

_LATE_SAMPLES: Final = SAMPLE_RATE // 2
"""What is later than this was held up, as by a computer that slept: all of it at once would drown the room."""

_HELD_UP_S: Final = 0.1
"""A playout that is later than this was held up: it goes on from now, and what nobody asked for in time is silence."""


class WavReader:
    """A WAV file as 48 kHz, mono or stereo, whatever its rate, channels and sample size. Raises AudioError."""

    def __init__(self, path: Path, channels: int = CHANNELS) -> None:
        self._path = path
        self._channels = channels
        try:
            self._wave = wave.open(str(path), "rb")  # noqa: SIM115 (close() does it)
        except OSError as error:
            raise AudioError(f"{path} can't be read: {error.strerror}") from error
        except (wave.Error, EOFError) as error:
            raise AudioError(_describe_unreadable(path, error)) from error
        self._rate = self._wave.getframerate()
        self._length = self._measure()
        self._refuse_unusable()
        self._resampler = Resampler(self._rate)
        self.n_samples = self._length * SAMPLE_RATE // self._rate

    def read(self, start: int, n_samples: int) -> Samples:
        """The samples [start, start + n_samples) at 48 kHz; silence before the beginning and beyond the end."""
        if self._rate == SAMPLE_RATE:
            return self._read_padded(start, start + n_samples)
        needed = self._read_padded(*self._resampler.needs(start, n_samples))
        planes = needed.reshape(-1, self._channels).T
        resampled = [self._resampler.resample(start, n_samples, plane) for plane in planes]
        return in_channels(np.stack(resampled, axis=1).ravel(), self._channels)

    def close(self) -> None:
        self._wave.close()

    def _read_padded(self, start: int, end: int) -> Samples:
        first, last = min(max(0, start), self._length), min(max(0, end), self._length)
        self._wave.setpos(first)
        data, sample_bytes = self._wave.readframes(last - first), self._wave.getsampwidth()
        samples = _mixed(_to_float(data, sample_bytes, self._wave.getnchannels()), self._channels)
        padded = silence(end - start, self._channels)
        before = max(0, -start)
        padded[before : before + len(samples)] = samples
        return padded

    def _refuse_unusable(self) -> None:
        bits = 8 * self._wave.getsampwidth()
        if self._rate in _RATES and self._wave.getsampwidth() in _SAMPLE_BYTES and self._length:
            return
        self.close()
        raise AudioError(f"{self._path} can't be used: {self._length} samples of {bits} bits at {self._rate} Hz")

    def _measure(self) -> int:
        """How long it is: a header may promise more than there is, where its writer was cut off or never knew."""
        frame_bytes = self._wave.getsampwidth() * self._wave.getnchannels()
        return min(self._wave.getnframes(), self._path.stat().st_size // frame_bytes)


class WavSource:
    """A Source that says a file once, the whole of it; where this program was held up, so is the file."""

    mode: Mode = "open"
    latency_s = 0.0

    def __init__(self, path: Path, channels: int = CHANNELS) -> None:
        self.name = path.name
        self._reader = WavReader(path, channels)
        self._started = perf_counter()
        self._position = 0
        self._held_up = 0

    @property
    def ended(self) -> bool:
        return self._position - self._held_up >= self._reader.n_samples

    def start(self, now: float) -> None:
        self._started = now

    def pop(self, now: float) -> tuple[int, Samples] | None:
        if self.ended or self.wait_s(now) > 0:
            return None
        self._wait_for_us(now)
        position = self._position
        self._position += SAMPLES_PER_FRAME
        return position, self._reader.read(position - self._held_up, SAMPLES_PER_FRAME)

    def wait_s(self, now: float) -> float:
        return max(0.0, self.captured_at(self._position + SAMPLES_PER_FRAME) - now)

    def captured_at(self, position: int) -> float:
        return self._started + position / SAMPLE_RATE

    def close(self) -> None:
        self._reader.close()

    def _wait_for_us(self, now: float) -> None:
        late = int((now - self.captured_at(self._position + SAMPLES_PER_FRAME)) * SAMPLE_RATE)
        if late > _LATE_SAMPLES:
            self._position += late
            self._held_up += late


class WavWriter:
    """A WAV file of 48 kHz, 16 bits, whose header is valid after every write. Raises AudioError."""

    def __init__(self, path: Path, channels: int = CHANNELS) -> None:
        self._path = path
        try:
            self._file = path.open("wb")
        except OSError as error:
            raise AudioError(f"{path} can't be written: {error.strerror}") from error
        self._wave = wave.open(self._file, "wb")  # noqa: SIM115 (close() does it)
        self._wave.setparams((channels, _PCM_BYTES, SAMPLE_RATE, 0, "NONE", "not compressed"))
        self.write(np.zeros(0, dtype=np.float32))

    def write(self, samples: Samples) -> None:
        pcm = np.rint(np.clip(samples, -1, 1) * _PCM_PEAK).astype(np.int16)
        try:
            self._wave.writeframes(pcm.tobytes())
            self._file.flush()
        except (OSError, wave.Error) as error:
            raise AudioError(f"{self._path} can't be written: {error}") from error

    def close(self) -> None:
        self._wave.close()
        self._file.close()


class FilePlayout:
    """A Playout into a file, or into nothing where there is no path, a frame every 10 ms.

    Its clock is the one that packets are stamped by, so it never asks for what should have played long ago.
    """

    latency_s = None

    def __init__(self, pop: Pop, path: Path | None = None, channels: int = CHANNELS) -> None:
        self.name = path.name if path else "nowhere"
        self._pop = pop
        self._channels = channels
        self._writer = WavWriter(path, channels) if path else None

    async def run(self) -> None:
        due = perf_counter()
        while True:
            due += SAMPLES_PER_FRAME / SAMPLE_RATE
            await asyncio.sleep(max(0.0, due - perf_counter()))
            if perf_counter() - due > _HELD_UP_S:
                due = await self._leave_out(due)
            mix = self._pop(SAMPLES_PER_FRAME, due)
            if self._writer:
                self._writer.write(mix)

    async def _leave_out(self, due: float) -> float:
        """Be silent from `due` to now, a second at a time; return when the next frame is due."""
        while (missed := int((perf_counter() - due) * SAMPLE_RATE)) >= SAMPLES_PER_FRAME:
            n_samples = min(missed, SAMPLE_RATE)
            if self._writer:
                self._writer.write(silence(n_samples, self._channels))
                await asyncio.sleep(0)
            due += n_samples / SAMPLE_RATE
        return due

    def close(self) -> None:
        if self._writer:
            self._writer.close()


def _to_float(data: bytes, sample_bytes: int, channels: int) -> Samples:
    """Rows of `channels` samples, full scale at ±1."""
    data = data[: len(data) // (sample_bytes * channels) * sample_bytes * channels]
    wide: Samples
    match sample_bytes:
        case 1:
            wide = np.frombuffer(data, dtype=np.uint8).astype(np.float32) - np.float32(128)
        case 3:
            packed = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3)
            widened = np.zeros((len(packed), 4), dtype=np.uint8)
            widened[:, 1:] = packed  # 24 bits, as the high ones of 32
            wide = widened.view(np.int32)[:, 0].astype(np.float32) / np.float32(256)
        case _:
            wide = np.frombuffer(data, dtype=f"i{sample_bytes}").astype(np.float32)
    return wide.reshape(-1, channels) / np.float32(2 ** (8 * sample_bytes - 1))


def _mixed(rows: Samples, channels: int) -> Samples:
    """As mono, the mean of all channels; as stereo, the first two, or the only one twice."""
    if channels == 1:
        return np.asarray(rows.mean(axis=1, dtype=np.float32))
    return rows[:, :channels]


def _describe_unreadable(path: Path, error: Exception) -> str:
    if "unknown format" in str(error):
        return (
            f"{path} is a WAV file of samples other than plain PCM ({error}): convert it, for instance by "
            f"`ffmpeg -i {path.name} -c:a pcm_s16le plain.wav`"
        )
    return f"{path} is not a WAV file ({error or 'it ends too early'})"
