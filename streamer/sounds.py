"""Sound that is said into a room by a relay: in pieces that are Opus already, wherever they come from.

The relay says them, and the client's codec makes them; neither knows the other.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

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
