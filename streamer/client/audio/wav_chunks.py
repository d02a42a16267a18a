"""Finds the samples in a WAV file, also in one whose recorder was cut off before it could write the sizes.

libsndfile decodes the samples; it takes the sizes in the header at their word. Those of an interrupted
recorder, or of one that writes into a pipe, are 0, 36 or 0xFFFFFFFF. So the chunks are walked here (RIFF, and
RF64 and BW64 of EBU Tech 3306 and ITU-R BS.2088, for more than 4 GiB), and libsndfile is given what is there
under a header of the true size.
"""

import io
import struct
from typing import BinaryIO, Final, NamedTuple

from streamer.errors import AudioError

MAGICS: Final = (b"RIFF", b"RF64", b"BW64")

RIFF_HEADER: Final = struct.Struct("<4sI4s")
CHUNK_HEADER: Final = struct.Struct("<4sI")
DS64: Final = struct.Struct("<QQQI")
"""Sizes of the whole and of `data`, the number of frames, and the length of a table, which is empty."""

UNKNOWN_SIZE: Final = 0xFFFF_FFFF
LONGEST_RIFF_BYTES: Final = 0xFFFF_FFFF - 4_096
"""Of `data`: all sizes of a RIFF file have 32 bits, and the other chunks need a little."""

ENDLESS_BYTES: Final = 2**62
"""Of a pipe nobody knows the length; libsndfile counts in 63 bits."""

_ENDLESS_FROM: Final = 0x7FFF_0000
"""A program that writes WAV into a pipe gives about the largest size that fits into 31 or 32 bits."""

_MAX_FORMAT_BYTES: Final = 4_096
"""WAVEFORMATEXTENSIBLE has 40; codecs add some hundred at most."""

_MAX_CHUNKS: Final = 1_000
"""Recorders write ten or twenty; each takes 10 µs, and a relay has voice to hand on meanwhile."""

_SKIP_BYTES: Final = 65_536
"""Of a chunk that is not wanted, at a time: what a pipe holds."""

_KEPT_BYTES: Final = 16_384
"""libsndfile reads a header by pieces of some hundred bytes."""


class WavData(NamedTuple):
    """`format` is the content of `fmt `; the samples are the next `length` bytes, None up to the end."""

    format: bytes
    length: int | None


def find_data(file: BinaryIO, remaining: int | None) -> WavData:
    """Leaves `file` at its first sample. `file` is behind its magic word; `remaining` bytes follow, None for
    a pipe.

    Raises AudioError, whose text goes on from the name of the file.
    """
    walk = _Walk(file, remaining)
    if walk.take(8)[4:] != b"WAVE":
        raise AudioError("is a RIFF file, but holds no sound")
    return walk.to_data()


def header_of(data: WavData) -> bytes:
    """What goes before the samples, with their true size."""
    chunks = CHUNK_HEADER.pack(b"fmt ", len(data.format)) + data.format + b"\0" * (len(data.format) % 2)
    length = ENDLESS_BYTES if data.length is None else data.length
    if length <= LONGEST_RIFF_BYTES:
        whole = RIFF_HEADER.pack(b"RIFF", 4 + len(chunks) + CHUNK_HEADER.size + length, b"WAVE")
        return whole + chunks + CHUNK_HEADER.pack(b"data", length)
    sizes = DS64.pack(length + len(chunks) + 48, length, 0, 0)
    whole = RIFF_HEADER.pack(b"RF64", UNKNOWN_SIZE, b"WAVE") + CHUNK_HEADER.pack(b"ds64", DS64.size) + sizes
    return whole + chunks + CHUNK_HEADER.pack(b"data", UNKNOWN_SIZE)


class _Walk:
    def __init__(self, file: BinaryIO, remaining: int | None) -> None:
        self._file = file
        self._remaining = remaining
        self._format = b""
        self._long_length = 0
        self._samples: tuple[int, int] | None = None

    def to_data(self) -> WavData:
        pushed_back = b""
        for _ in range(_MAX_CHUNKS):
            head = pushed_back + self._read(CHUNK_HEADER.size - len(pushed_back))
            if len(head) < CHUNK_HEADER.size:
                return self._at_end()
            name, size = CHUNK_HEADER.unpack(head)
            if name == b"data":
                length = self._length_of_data(size)
                if self._format:
                    return WavData(self._format, length)
                self._pass_samples(length)
                continue
            self._look_into(name, size)
            pushed_back = self._read_padding() if size % 2 else b""
        raise AudioError(
            "is a damaged WAV file: it has parts without end, and no samples among the first of them"
        )

    def take(self, size: int) -> bytes:
        data = self._read(size)
        if len(data) < size:
            raise AudioError("is a WAV file that ends within its header: it has no samples")
        return data

    def _look_into(self, name: bytes, size: int) -> None:
        match name:
            case b"fmt " if size <= _MAX_FORMAT_BYTES:
                self._format = self.take(size)
            case b"ds64" if DS64.size <= size <= _MAX_FORMAT_BYTES:
                self._long_length = DS64.unpack_from(self.take(size))[1]
            case _:
                self._skip(size)

    def _length_of_data(self, size: int) -> int | None:
        """None where only the end of the file says it; a size of 0 was never filled in, unless nothing
        follows."""
        length: int | None = self._long_length if size == UNKNOWN_SIZE else size
        if self._remaining is None:
            return length if length and length < _ENDLESS_FROM else None
        if not length and not self._is_chunk_next():
            return self._remaining
        return min(length or 0, self._remaining)

    def _is_chunk_next(self) -> bool:
        """Is `data` empty, and followed by another chunk? Then that one ends within the file."""
        place = self._file.tell()
        head = self._file.read(CHUNK_HEADER.size)
        self._file.seek(place)
        if len(head) < CHUNK_HEADER.size:
            return False
        name, size = CHUNK_HEADER.unpack(head)
        return bool(
            name.isascii() and name.strip().isalnum() and size + CHUNK_HEADER.size <= (self._remaining or 0)
        )

    def _pass_samples(self, length: int | None) -> None:
        """Their format comes behind them: so they are found, but only a file can go back to them."""
        if length is None or self._remaining is None:
            raise AudioError(
                "is a WAV file whose samples come before their format, which can't be read from a pipe"
            )
        self._samples = self._file.tell(), length
        self._skip(length + length % 2)

    def _at_end(self) -> WavData:
        if self._samples and self._format:
            self._file.seek(self._samples[0])
            return WavData(self._format, self._samples[1])
        missing = "format" if self._samples else "samples" if self._format else "format and no samples"
        raise AudioError(f"is a WAV file with no {missing}: its recorder was interrupted, or it is damaged")

    def _read_padding(self) -> bytes:
        """A chunk of odd size is followed by a zero; where a writer left that out, it is the next chunk's
        beginning."""
        padding = self._read(1)
        return b"" if padding == b"\0" else padding

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size and (more := self._file.read(size - len(data))):
            data += more
        if self._remaining is not None:
            self._remaining -= len(data)
        return data

    def _skip(self, size: int) -> None:
        while size > 0 and (skipped := self._read(min(size, _SKIP_BYTES))):
            size -= len(skipped)


class WavSamples:
    """A file for libsndfile: the header of `data`, then its samples, from the current position of `file`.

    libsndfile goes back a little while it reads a header, so that much of a pipe is kept.
    """

    def __init__(self, file: BinaryIO, data: WavData, *, is_pipe: bool) -> None:
        self._file = file
        self._header = header_of(data)
        self._start = 0 if is_pipe else file.tell()
        self._is_pipe = is_pipe
        self._length = len(self._header) + (ENDLESS_BYTES if data.length is None else data.length)
        self._place = 0
        self._kept = b""
        self._reached = len(self._header)
        self.error: OSError | None = None

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._length}[whence]
        self._place = min(max(0, base + offset), self._length)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view) and (data := self._read_some(len(view) - filled)):
            view[filled : filled + len(data)] = data
            filled += len(data)
            self._place += len(data)
        return filled

    def read(self, size: int) -> bytes:
        buffer = bytearray(size)
        return bytes(buffer[: self.readinto(buffer)])

    def write(self, data: bytes) -> int:
        raise io.UnsupportedOperation

    def _read_some(self, size: int) -> bytes:
        if self._place < len(self._header):
            return self._header[self._place : self._place + size]
        size = min(size, self._length - self._place)
        try:
            return self._read_pipe(size) if self._is_pipe else self._read_file(size)
        except OSError as error:  # within a callback of libsndfile, to which this is the end
            self.error = error
            return b""

    def _read_file(self, size: int) -> bytes:
        self._file.seek(self._start + self._place - len(self._header))
        return self._file.read(size)

    def _read_pipe(self, size: int) -> bytes:
        back = self._reached - self._place
        if back:
            return self._kept[-back:][:size] if 0 < back <= len(self._kept) else b""
        data = self._file.read(size)
        self._kept = (self._kept + data)[-_KEPT_BYTES:]
        self._reached += len(data)
        return data
