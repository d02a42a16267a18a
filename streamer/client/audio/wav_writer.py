"""Writes WAV as it comes: the header is true after every write, in RIFF up to 4 GiB and in RF64 beyond (EBU
Tech 3306).

The place that RF64 needs for its sizes is held from the beginning by a chunk JUNK, which every reader skips.
So a file becomes one of RF64 by a change of its header alone, whenever it has grown that far.
"""

import os
import stat
import struct
import sys
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from streamer.audio_format import SAMPLE_RATE
from streamer.client.audio.samples import Samples
from streamer.client.audio.sound_files import STANDARD_STREAM
from streamer.client.audio.wav_chunks import CHUNK_HEADER, DS64, LONGEST_RIFF_BYTES, RIFF_HEADER, UNKNOWN_SIZE
from streamer.errors import AudioError

_PCM: Final = 1
_SAMPLE_BYTES: Final = 2
_PEAK: Final = 32_767
_FORMAT: Final = struct.Struct("<HHIIHH")
"""The content of `fmt `: codec, channels, rate, bytes a second and a frame, bits a sample."""


class WavWriter:
    """16 bits at 48 kHz. Into a pipe it goes with sizes that say "unknown". Raises AudioError."""

    def __init__(self, path: Path, channels: int) -> None:
        self.name = "standard output" if path == STANDARD_STREAM else str(path)
        self._channels = channels
        self._data_bytes = 0
        try:
            self._file = _open(path)
            self._is_pipe = not stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)
        except (OSError, AttributeError, ValueError) as error:
            raise self._unwritable(error) from error
        if self._file.isatty():
            raise AudioError(f"{self.name} is a terminal: choose a file, or pipe the sound into a program")
        self._write(self._header())

    def write(self, samples: Samples) -> None:
        pcm = np.rint(np.clip(samples, -1, 1) * _PEAK).astype("<i2").tobytes()
        self._write(pcm)
        self._data_bytes += len(pcm)
        if not self._is_pipe:
            self._rewrite_header()

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise self._unwritable(error) from error

    def _rewrite_header(self) -> None:
        try:
            self._file.seek(0)
            self._write(self._header())
            self._file.seek(0, os.SEEK_END)
        except OSError as error:
            raise self._unwritable(error) from error

    def _write(self, data: bytes) -> None:
        """All of it: a file without a buffer may take less at a time."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError as error:
            raise self._unwritable(error) from error

    def _header(self) -> bytes:
        frame_bytes = _SAMPLE_BYTES * self._channels
        rate = SAMPLE_RATE * frame_bytes
        form = _FORMAT.pack(_PCM, self._channels, SAMPLE_RATE, rate, frame_bytes, 8 * _SAMPLE_BYTES)
        chunks = CHUNK_HEADER.pack(b"fmt ", len(form)) + form
        whole = 4 + CHUNK_HEADER.size + DS64.size + len(chunks) + CHUNK_HEADER.size + self._data_bytes
        magic, held = b"RIFF", CHUNK_HEADER.pack(b"JUNK", DS64.size) + bytes(DS64.size)
        sizes = whole, self._data_bytes
        if self._data_bytes > LONGEST_RIFF_BYTES:
            magic, held = (
                b"RF64",
                CHUNK_HEADER.pack(b"ds64", DS64.size) + DS64.pack(*sizes, sizes[1] // frame_bytes, 0),
            )
        if self._is_pipe or magic == b"RF64":
            sizes = UNKNOWN_SIZE, UNKNOWN_SIZE
        return (
            RIFF_HEADER.pack(magic, sizes[0], b"WAVE") + held + chunks + CHUNK_HEADER.pack(b"data", sizes[1])
        )

    def _unwritable(self, error: Exception) -> AudioError:
        reason = error.strerror if isinstance(error, OSError) else "it is closed"
        return AudioError(f"{self.name} can't be written: {reason}")


def _open(path: Path) -> BinaryIO:
    if path == STANDARD_STREAM:
        return os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    return path.open("wb", buffering=0)
