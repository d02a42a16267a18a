"""Texts spoken to a room by espeak-ng, where this computer has it."""

import asyncio
import shutil
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streamer import child_process
from streamer.client.room import Room
from streamer.client.unattended import Remarks
from streamer.errors import AudioError, StreamerError, in_words

PROGRAM: Final = "espeak-ng"
MAX_CHARACTERS: Final = 500
"""About half a minute: nobody can turn it off meanwhile."""

MAX_WAITING: Final = 8
"""Texts; who hears the ninth five minutes later is misled by it."""

_SPEAKING_S: Final = 20.0
"""espeak-ng needs some milliseconds; a computer that takes this long can't speak in time."""


class Announcer:
    """`put` takes what to speak; `run` speaks it in a room, as long as there is one."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._remarks = Remarks(tell)
        self._waiting: deque[str] = deque(maxlen=MAX_WAITING)
        self._has_some = asyncio.Event()
        self.can_speak = shutil.which(PROGRAM) is not None

    def put(self, text: str) -> None:
        if self.can_speak:
            self._waiting.append(text[:MAX_CHARACTERS])
            self._has_some.set()

    async def run(self, room: Room) -> None:
        while True:
            await self._has_some.wait()
            while self._waiting:
                try:
                    await speak(room, self._waiting.popleft())
                except StreamerError as error:
                    self._remarks(f"A text could not be spoken: {error}")
            self._has_some.clear()


async def speak(room: Room, text: str) -> None:
    """Say `text` in the room; returns when it has been said. Raises AudioError where it can't be spoken."""
    try:
        with tempfile.TemporaryDirectory(prefix="streamer-") as directory:
            path = Path(directory) / "spoken.wav"
            await _write_speech(path, text)
            await room.play(path)
    except OSError as error:  # of the directory: no space, for instance
        raise AudioError(f"there is no place for what is to be spoken: {in_words(error)}") from None


async def _write_speech(path: Path, text: str) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, "-w", str(path), "--stdin", stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
    except OSError as error:
        raise AudioError(f"{PROGRAM} can't be started: {error.strerror or error}") from None
    try:
        async with asyncio.timeout(_SPEAKING_S):
            _, complaint = await process.communicate(text.encode(errors="replace"))
    except TimeoutError:
        raise AudioError(f"{PROGRAM} did not end within {_SPEAKING_S:g} s") from None
    finally:
        await child_process.end(process)
    if process.returncode or not path.exists():
        raise AudioError(
            f"{PROGRAM} failed: {complaint.decode(errors='replace').strip()[:200] or process.returncode}"
        )
