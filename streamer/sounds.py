"""Sound that is said into a room by a relay: in pieces that are Opus already, wherever they come from.

The relay says them, and the client's codec makes them; neither knows the other.
"""

import io
import wave
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple, Protocol

from streamer.audio_format import SAMPLE_RATE, SAMPLES_PER_FRAME
from streamer.errors import StreamerError

MAX_SOUND_S: Final = 600.0
"""An announcement of ten minutes; more is a programme, for which a client is the better way."""


class Piece(NamedTuple):
    """One Opus payload. `duration` is in 2.5 ms, `level` in −dBov (RFC 6464)."""

    payload: bytes
    duration: int
    level: int
    voice: bool


class Sound(Protocol):
    """Read once, from its beginning. `duration_s` is of all of it."""

    duration_s: float

    def read(self, count: int) -> list[Piece]:
        """The next pieces, none at the end. May take some ms: it is called in a thread."""

    def close(self) -> None: ...


Studio = Callable[[bytes], Sound]
"""Makes sound of a file's content, WAV of any kind among them. Raises AudioError."""


def warm_up(studio: Studio) -> None:
    """Has everything loaded that the first sound would have to wait for, 0.1 s of a processor and more."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", "not compressed"))
        file.writeframes(bytes(2 * SAMPLES_PER_FRAME))
    with suppress(StreamerError, OSError):  # the first sound will say it
        sound = studio(content.getvalue())
        sound.read(1)
        sound.close()
