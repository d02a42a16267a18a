"""Sound in pipes, each read or written by a thread of its own: the other end may take any time over it."""

import stat
from collections import deque
from contextlib import suppress
from pathlib import Path
from queue import Full, Queue
from threading import Event, Thread
from typing import Final, Protocol

from streamer.audio_format import SAMPLE_RATE, SAMPLES_PER_FRAME
from streamer.client.audio.samples import Samples
from streamer.client.audio.sound_files import STANDARD_STREAM
from streamer.errors import AudioError

_AHEAD_FRAMES: Final = 3_000
"""30 s. A pipe that has filled this before anybody asked for it holds a file, and not what is being
recorded."""

_STALE_FRAMES: Final = 50
"""Half a second: a live recorder that writes an eighth of a second at a time never has so much waiting."""

_FRESH_FRAMES: Final = 12
"""120 ms, the deadline of voice: what waited longer in a live pipe is stale."""

_BEHIND_BLOCKS: Final = 500
"""5 s of blocks of 10 ms; what a reader leaves lying beyond that is dropped."""

_LAST_WRITE_S: Final = 0.5
"""So long the end of a sound is waited for; a reader that takes nothing would keep us for ever."""


class Sound(Protocol):
    @property
    def n_samples(self) -> int | None: ...

    def read(self, start: int, n_samples: int) -> Samples: ...

    def close(self) -> None: ...


class Writer(Protocol):
    def write(self, samples: Samples) -> None: ...

    def close(self) -> None: ...


def is_pipe(path: Path) -> bool:
    """Does writing there wait for a reader?"""
    if path == STANDARD_STREAM:
        return True
    with suppress(OSError):
        return stat.S_ISFIFO(path.stat().st_mode)
    return False


class PipeReader:
    """Frames of `sound` in their order, as far as they have come. `n_samples` is known at its end."""

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        self._frames: deque[Samples] = deque()
        self._has_room = Event()
        self._has_ended = False
        self._is_live: bool | None = None
        self._popped = 0
        self._error: AudioError | None = None
        Thread(target=self._fill, daemon=True, name="pipe in").start()

    @property
    def n_samples(self) -> int | None:
        """Raises AudioError where the pipe can't be read on."""
        if not self._has_ended or self._frames:
            return None
        if self._error:
            raise self._error
        return self._popped * SAMPLES_PER_FRAME

    def is_ready(self, now: float) -> bool:
        if self._is_live is None:
            self._is_live = not self._has_ended and len(self._frames) < _AHEAD_FRAMES
            self._drop_to(_FRESH_FRAMES if self._is_live else _AHEAD_FRAMES)
        if self._is_live and not self._has_ended and len(self._frames) > _STALE_FRAMES:
            self._drop_to(_FRESH_FRAMES)
        return bool(self._frames)

    def read(self, start: int, n_samples: int) -> Samples:
        """The next frame of 10 ms, no matter how far its reader is, and how much it asks for."""
        frame = self._frames.popleft()
        self._popped += 1
        self._has_room.set()
        return frame

    def close(self) -> None:
        """The thread may wait in the pipe for good: it is left there, and ends with the program."""

    def _drop_to(self, n_frames: int) -> None:
        while len(self._frames) > n_frames:
            self._frames.popleft()

    def _fill(self) -> None:
        start = 0
        try:
            while self._sound.n_samples is None or start < self._sound.n_samples:
                frame = self._sound.read(start, SAMPLES_PER_FRAME)
                if self._sound.n_samples is not None and start >= self._sound.n_samples:
                    break
                self._frames.append(frame)
                start += SAMPLES_PER_FRAME
                while len(self._frames) >= _AHEAD_FRAMES:
                    self._has_room.clear()
                    self._has_room.wait(SAMPLES_PER_FRAME / SAMPLE_RATE)
        except AudioError as error:
            self._error = error
        self._has_ended = True


class PipeWriter:
    """Writes by `writer`, and never waits."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._blocks: Queue[Samples | None] = Queue(_BEHIND_BLOCKS)
        self._error: AudioError | None = None
        self._thread = Thread(target=self._drain, daemon=True, name="pipe out")
        self._thread.start()

    def write(self, samples: Samples) -> None:
        if self._error:
            raise self._error
        with suppress(Full):
            self._blocks.put_nowait(samples)

    def close(self) -> None:
        with suppress(Full):
            self._blocks.put_nowait(None)
            self._thread.join(_LAST_WRITE_S)

    def _drain(self) -> None:
        try:
            while (samples := self._blocks.get()) is not None:
                self._writer.write(samples)
            self._writer.close()
        except AudioError as error:
            self._error = error
