"""Reads and writes sound files of any common kind, by libsndfile; the only module that imports soundfile.

soundfile is imported when a file is opened, so that a machine without libsndfile is told what to install, and
everything else works there. WAV has a front of its own, wav_chunks.py, for headers that interrupted recorders
leave.
"""

import os
import stat
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, Final, TypeVar

import numpy as np

from streamer.audio_format import SAMPLE_RATE
from streamer.client.audio.samples import Samples
from streamer.client.audio.wav_chunks import MAGICS, WavData, WavSamples, find_data
from streamer.errors import AudioError

_T = TypeVar("_T")

STANDARD_STREAM: Final = Path("-")
"""Instead of a path: standard input, or standard output."""

_RATES: Final = range(4_000, 384_001)
_MAX_SPOOLED_BYTES: Final = 2**30
"""Of a pipe whose format can't be read as it comes: 100 minutes of CD sound in WAV, and many hours in any
other."""

_SPOOL_BYTES: Final = 65_536
_HEAD_BYTES: Final = 512
"""A format is told by its head; a sector has all that any of ours begins with."""

_SPOOLED: Final = (b"fLaC", b"OggS", b"ID3", b"FORM", b".snd", b"riff", b"caff", b"RIFX", b"\xff")
"""What can be sound in a pipe, other than WAV; the last one begins a frame of MP3."""

_PCM_CODECS: Final = (0x0001, 0x0003, 0x0006, 0x0007, 0xFFFE)
"""WAVE_FORMAT_ of plain samples, floats, A-law, µ-law, and of the extended header, which says it further
on."""

_OTHER_KINDS: Final = (
    (4, b"ftyp", "an MP4 file (such as M4A)"),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska or WebM file"),
    (0, b"\x30\x26\xb2\x75", "a Windows Media file"),
    (0, b"#!AMR", "an AMR file"),
    (0, b"MThd", "a MIDI file, which holds notes and no sound"),
    (0, b"\x89PNG", "a picture"),
    (0, b"\xff\xd8\xff", "a picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive"),
)

ENCODINGS: Final = {
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".oga": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
"""What libsndfile writes, by the end of the file's name."""


def import_soundfile() -> ModuleType:
    """Raises AudioError where libsndfile is missing."""
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise AudioError(
            f"libsndfile, which reads and writes sound files, is missing ({error}): install the package "
            "libsndfile1 "
            "(`sudo apt-get install libsndfile1`; `brew install libsndfile` on macOS)"
        ) from error
    module: ModuleType = soundfile
    return module


class SoundReader:
    """The frames of a file or a pipe, one after the other. Raises AudioError with the true reason where it
    can't.

    `n_frames` is None for a pipe. `rate` is in Hz.
    """

    def __init__(self, path: Path) -> None:
        self.name = "standard input" if path == STANDARD_STREAM else str(path)
        self._file = self._open_file(path)
        self._samples: WavSamples | None = None
        try:
            self._sound = self._open_sound()
            # Else soundfile seeks after each read, which an MP3 doesn't survive.
            self._sound.seekable = lambda: False
            self._check()
        except BaseException:
            self._file.close()
            raise

    @property
    def rate(self) -> int:
        return int(self._sound.samplerate)

    @property
    def n_frames(self) -> int | None:
        return None if self.is_pipe else int(self._sound.frames)

    def read(self, n_frames: int) -> Samples:
        """The next rows of one sample a channel, within ±1; fewer than `n_frames` at the end alone."""
        try:
            rows = self._sound.read(n_frames, dtype="float32", always_2d=True)
        except import_soundfile().LibsndfileError:  # damaged from here on
            rows = np.zeros((0, self._sound.channels), dtype=np.float32)
        if self._samples and self._samples.error:
            raise self._unreadable(self._samples.error)
        samples: Samples = np.clip(np.nan_to_num(rows, nan=0.0, posinf=1.0, neginf=-1.0), -1, 1)
        return samples

    def seek(self, frame: int) -> None:
        """Of a file, never of a pipe."""
        try:
            self._sound.seek(frame)
        except import_soundfile().LibsndfileError as error:
            raise AudioError(f"{self.name} can't be used: it is damaged") from error

    def close(self) -> None:
        self._sound.close()
        self._file.close()

    def _open_file(self, path: Path) -> BinaryIO:
        try:
            descriptor = os.dup(sys.stdin.fileno()) if path == STANDARD_STREAM else os.open(path, os.O_RDONLY)
            file = os.fdopen(descriptor, "rb", buffering=0)  # a pipe's sound is wanted as it comes
            self.is_pipe = not stat.S_ISREG(os.fstat(descriptor).st_mode)
        except (OSError, AttributeError, ValueError) as error:
            raise self._unreadable(error) from error
        if file.isatty():
            file.close()
            raise AudioError(f"{self.name} is a terminal: pipe a sound file into it")
        return file

    def _unreadable(self, error: Exception) -> AudioError:
        reason = error.strerror if isinstance(error, OSError) else "it is closed"
        return AudioError(f"{self.name} can't be read: {reason}")

    def _open_sound(self) -> Any:
        soundfile = import_soundfile()
        self._head, data = b"", None
        try:
            self._head = self._read_head()
            if self._head[:4] in MAGICS:
                data = self._find_data()
                self._samples = WavSamples(self._file, data, is_pipe=self.is_pipe)
                return soundfile.SoundFile(self._samples)
            if self.is_pipe:
                self._spool()
            self._file.seek(0)
            return soundfile.SoundFile(self._file.fileno(), closefd=False)
        except OSError as error:
            raise self._unreadable(error) from error
        except soundfile.LibsndfileError as error:
            raise AudioError(f"{self.name} {describe_unplayable(self._head, data)}") from error

    def _read_head(self) -> bytes:
        """Reads only the magic word of a pipe, because a pipe can't be read twice."""
        wanted = 4 if self.is_pipe else _HEAD_BYTES
        head = b""
        while len(head) < wanted and (more := self._file.read(wanted - len(head))):
            head += more
        return head

    def _find_data(self) -> WavData:
        remaining = None
        if not self.is_pipe:
            remaining = os.fstat(self._file.fileno()).st_size - self._file.seek(4)
        try:
            return find_data(self._file, remaining)
        except AudioError as error:
            raise AudioError(f"{self.name} {error}") from None

    def _spool(self) -> None:
        """The whole of the pipe into a file that has no name, so that libsndfile can go to and fro in it."""
        if not self._head.startswith(_SPOOLED):
            raise AudioError(f"{self.name} {describe_unplayable(self._head, None)}")
        spool = tempfile.TemporaryFile()  # noqa: SIM115 (close() does it)
        size = spool.write(self._head)
        while more := self._file.read(_SPOOL_BYTES):
            size += spool.write(more)
            if size > _MAX_SPOOLED_BYTES:
                raise AudioError(
                    f"{self.name} is too long for a pipe of this format: send WAV, or give a file"
                )
        spool.flush()
        self._file.close()
        self._file, self.is_pipe = spool, False

    def _check(self) -> None:
        if self.rate not in _RATES:
            raise AudioError(f"{self.name} can't be used: it has {self.rate} samples per second")
        if self.n_frames == 0:
            raise AudioError(f"{self.name} has no samples: its recorder was interrupted, or recorded nothing")


def describe_unplayable(head: bytes, data: WavData | None) -> str:
    """Why a file that begins with `head` can't be played, as it goes on from its name."""
    convert = "convert it, for instance by `ffmpeg -i FILE plain.wav`"
    if data:
        return f"{_describe_format(data.format)}: {convert}"
    if not head:
        return "is empty"
    for place, magic, kind in _OTHER_KINDS:
        if head[place:].startswith(magic):
            return f"is {kind}, which can't be read: {convert}"
    if _is_text(head):
        return "is not a sound file: it holds text"
    if head.startswith(_SPOOLED[:-1]):
        return f"is a damaged sound file, or ends within its header: {convert}"
    return "is not a sound file that can be read (WAV, AIFF, FLAC, Ogg, MP3 and others)"


def _describe_format(form: bytes) -> str:
    codec, channels = int.from_bytes(form[:2], "little"), int.from_bytes(form[2:4], "little")
    rate = int.from_bytes(form[4:8], "little")
    if len(form) < 16 or not channels or not rate:
        return f"is a WAV file whose header is damaged ({channels} channels, {rate} samples per second)"
    if codec == 0xFFFE and len(form) >= 26:
        codec = int.from_bytes(form[24:26], "little")
    what = "is a WAV file of samples that are not plain PCM"
    return (
        f"{what} (codec 0x{codec:04x})"
        if codec not in _PCM_CODECS
        else "is a WAV file of samples of an odd size"
    )


def _is_text(head: bytes) -> bool:
    try:
        words = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else a character was cut in two
            return False
        words = head[: error.start].decode("utf-8")
    return all(character.isprintable() or character.isspace() for character in words)


class _Sink:
    """A file for libsndfile, which says less of what goes wrong, and nothing at all when it closes an Ogg
    file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._try(lambda: self._file.seek(offset, whence), 0)

    def tell(self) -> int:
        return self._try(self._file.tell, 0)

    def read(self, size: int) -> bytes:
        return self._try(lambda: self._file.read(size), b"")

    def write(self, data: bytes) -> int:
        written = 0
        while written < len(data) and (more := self._try(partial(self._file.write, data[written:]), 0)):
            written += more
        return written

    def _try(self, act: Callable[[], _T], otherwise: _T) -> _T:
        """Within a callback of libsndfile, through which no exception passes; it may call even after the
        end."""
        if self.error or self._file.closed:
            return otherwise
        try:
            return act()
        except OSError as error:
            self.error = error
            return otherwise

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            self.error = self.error or error


class EncodedWriter:
    """FLAC, Ogg or MP3 of 48 kHz, complete once it is closed. Raises AudioError, which speaks of `name`.

    `encoding` is the container and the codec, where the end of the path does not say them.
    """

    def __init__(
        self, path: Path, channels: int, encoding: tuple[str, str] | None = None, *, name: Path | None = None
    ) -> None:
        self._path = name or path
        self._soundfile = import_soundfile()
        container, codec = encoding or ENCODINGS[path.suffix.lower()]
        try:
            self._sink = _Sink(path.open("w+b", buffering=0))
            self._sound = self._soundfile.SoundFile(
                self._sink, "w", SAMPLE_RATE, channels, codec, format=container
            )
        except OSError as error:
            raise AudioError(f"{self._path} can't be written: {error.strerror}") from error
        except self._soundfile.LibsndfileError as error:
            self._check()
            raise AudioError(f"{self._path} can't be written: {error.error_string}") from error

    def write(self, samples: Samples) -> None:
        try:
            self._sound.write(np.clip(samples, -1, 1))
        except (self._soundfile.LibsndfileError, AssertionError) as error:  # the second where less was taken
            self._check()
            raise AudioError(f"{self._path} can't be written: is there no space left?") from error
        self._check()

    def close(self) -> None:
        try:
            self._sound.close()
        except self._soundfile.LibsndfileError as error:
            self._check()
            raise AudioError(f"{self._path} can't be written: is there no space left?") from error
        finally:
            self._sink.close()
        self._check()

    def _check(self) -> None:
        if self._sink.error:
            raise AudioError(
                f"{self._path} can't be written: {self._sink.error.strerror}"
            ) from self._sink.error
