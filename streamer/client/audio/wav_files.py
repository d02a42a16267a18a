"""Sound files instead of a sound card, paced by the clock as a microphone and a loudspeaker are."""

import asyncio
from pathlib import Path
from time import perf_counter
from typing import Final, Protocol

import numpy as np

from streamer.audio_format import CHANNELS, DURATION_UNIT_SAMPLES, SAMPLE_RATE, SAMPLES_PER_FRAME
from streamer.client.audio.pipes import PipeReader, PipeWriter, is_pipe
from streamer.client.audio.resampler import Resampler
from streamer.client.audio.samples import Samples, in_channels, silence
from streamer.client.audio.sound_files import ENCODINGS, EncodedWriter, SoundReader
from streamer.client.audio.speaker import Pop
from streamer.client.audio.transmit_gate import Mode
from streamer.client.audio.wav_writer import WavWriter
from streamer.errors import AudioError

_WAV_SUFFIXES: Final = ("", ".wav", ".wave")

_LATE_SAMPLES: Final = SAMPLE_RATE // 2
"""0.5 s. Later frames were held up, for example by a suspended computer: all at once they would flood the
room."""

_HELD_UP_S: Final = 0.1
"""Seconds. A later playout was held up: it continues from now, and the time in between is silence."""

_AT_ONCE_SAMPLES: Final = SAMPLE_RATE // 10
"""Resampled together: each sample takes up to 1 KiB of memory meanwhile."""

_READ_FRAMES: Final = SAMPLE_RATE // 10
"""Read from a file in one call: one per packet took a tenth of the client's processor time."""

_POLL_S: Final = 0.005
"""Half a frame, in seconds: how long to wait before an empty pipe is read again."""


class Writer(Protocol):
    """Takes samples, one row per sample; both methods raise AudioError if it can't continue."""

    def write(self, samples: Samples) -> None: ...

    def close(self) -> None: ...


class FileReader:
    """A sound file as 48 kHz, mono or stereo, whatever its rate, channels and sample size. Raises AudioError.

    `n_samples` is what there will be of it; None as long as that is not known, as with a pipe.
    """

    def __init__(self, path: Path, channels: int = CHANNELS) -> None:
        self._channels = channels
        self._sound = SoundReader(path)
        self._length = self._sound.n_frames
        self._resampler = Resampler(self._sound.rate)
        self._rows = silence(0, channels)
        self._first = 0
        self._is_at_end = False

    @property
    def n_samples(self) -> int | None:
        return None if self._length is None else self._length * SAMPLE_RATE // self._sound.rate

    def is_ready(self, now: float) -> bool:
        return True

    def read(self, start: int, n_samples: int) -> Samples:
        """The samples [start, start + n_samples) at 48 kHz; silence before the beginning and beyond the
        end."""
        if self._sound.rate == SAMPLE_RATE:
            return self._read_padded(start, start + n_samples)
        ends = range(start, start + n_samples, _AT_ONCE_SAMPLES)
        pieces = [self._resampled(at, min(_AT_ONCE_SAMPLES, start + n_samples - at)) for at in ends]
        return pieces[0] if len(pieces) == 1 else np.concatenate((silence(0, self._channels), *pieces))

    def _resampled(self, start: int, n_samples: int) -> Samples:
        needed = self._read_padded(*self._resampler.needs(start, n_samples))
        planes = needed.reshape(-1, self._channels).T
        resampled = [self._resampler.resample(start, n_samples, plane) for plane in planes]
        return in_channels(np.stack(resampled, axis=1).ravel(), self._channels)

    def close(self) -> None:
        self._sound.close()

    def _read_padded(self, start: int, end: int) -> Samples:
        first = max(0, start)
        self._load(first, max(first, end))
        samples = self._rows[first - self._first : max(0, end - self._first)]
        padded = silence(end - start, self._channels)
        padded[first - start : first - start + len(samples)] = samples
        return padded

    def _load(self, first: int, end: int) -> None:
        """Hold the frames [first, end), as far as there are such: a resampler needs each of them several
        times."""
        held = self._first + len(self._rows)
        ahead = 0 if self._sound.is_pipe else _READ_FRAMES
        if first < self._first or (first > held + SAMPLE_RATE and self._length is not None):
            self._sound.seek(first)
            self._rows, self._first, self._is_at_end = self._rows[:0], first, False
        while self._first + len(self._rows) < end and not self._is_at_end:
            wanted = min(max(end - self._first - len(self._rows), ahead), SAMPLE_RATE)
            more = self._sound.read(wanted)
            self._rows = np.concatenate((self._rows, _mixed(more, self._channels)))
            self._forget(first)
            if len(more) < wanted:
                self._is_at_end, self._length = True, self._first + len(self._rows)
        self._forget(first)

    def _forget(self, first: int) -> None:
        gone = min(max(0, first - self._first), len(self._rows))
        self._rows, self._first = self._rows[gone:], self._first + gone


class FileSource:
    """A Source that plays a whole file once. If this program is held up, the file waits for it.

    A pipe is played as it comes; what has waited in a pipe from a live recorder is dropped, as with a
    microphone.
    """

    mode: Mode = "open"
    latency_s = 0.0

    def __init__(self, path: Path, channels: int = CHANNELS) -> None:
        self.name = path.name
        reader = FileReader(path, channels)
        self._reader = PipeReader(reader) if reader.n_samples is None else reader
        self.piece_samples = (
            SAMPLES_PER_FRAME if isinstance(self._reader, PipeReader) else DURATION_UNIT_SAMPLES
        )
        self._started = perf_counter()
        self._position = 0
        self._wanted = SAMPLES_PER_FRAME
        self._held_up = 0

    @property
    def ended(self) -> bool:
        n_samples = self._reader.n_samples
        return n_samples is not None and self._position - self._held_up >= n_samples

    def start(self, now: float) -> None:
        self._started = now

    def pop(self, now: float, n_samples: int = SAMPLES_PER_FRAME) -> tuple[int, Samples] | None:
        self._wanted = n_samples
        if self.ended or self._until_due_s(now) > 0 or not self._reader.is_ready(now):
            return None
        self._wait_for_us(now)
        position = self._position
        samples = self._reader.read(position - self._held_up, n_samples)
        self._position += len(samples)
        return position, samples

    def wait_s(self, now: float) -> float:
        return self._until_due_s(now) or _POLL_S

    def captured_at(self, position: int) -> float:
        return self._started + position / SAMPLE_RATE

    def close(self) -> None:
        self._reader.close()

    def _until_due_s(self, now: float) -> float:
        return max(0.0, self.captured_at(self._position + self._wanted) - now)

    def _wait_for_us(self, now: float) -> None:
        late = int((now - self.captured_at(self._position + self._wanted)) * SAMPLE_RATE)
        if late > _LATE_SAMPLES:
            self._position += late
            self._held_up += late


def open_writer(path: Path, channels: int) -> Writer:
    """Returns a writer for WAV, or for the format that the end of the name says. Raises AudioError."""
    suffix = path.suffix.lower()
    if suffix in ENCODINGS:
        return EncodedWriter(path, channels)
    if suffix not in _WAV_SUFFIXES:
        kinds = ", ".join((".wav", *ENCODINGS))
        raise AudioError(f"{path} can't be written: its name must end in one of {kinds}")
    return PipeWriter(WavWriter(path, channels)) if is_pipe(path) else WavWriter(path, channels)


class FilePlayout:
    """A Playout into a file, or into nothing if there is no path: one frame every 10 ms.

    Its clock is the one that packets are stamped by, so it never asks for what should have played long ago.
    """

    latency_s = None

    def __init__(self, pop: Pop, path: Path | None = None, channels: int = CHANNELS) -> None:
        self.name = path.name if path else "nowhere"
        self._pop = pop
        self._channels = channels
        self._writer = open_writer(path, channels) if path else None

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


def _mixed(rows: Samples, channels: int) -> Samples:
    """Returns mono as the mean of all channels, or stereo as the first two (the only one twice)."""
    if channels == 1:
        return np.asarray(rows.mean(axis=1, dtype=np.float32))
    return np.broadcast_to(rows[:, :channels], (len(rows), channels))
