"""When the others get what a source hears: while somebody talks, and for a tail, so that no last syllable is
cut.

Twin of web/worker/sending/transmit_gate.js, which has a button too.
"""

from collections.abc import Mapping
from typing import Final, Literal

from streamer.client.audio.voice_activity import VoiceActivityDetector

Mode = Literal["free", "open"]
"""`free` leaves it to the voice; with `open` everything passes."""

TAIL_FRAMES: Final[Mapping[Mode, int]] = {"free": 80, "open": 1}


class TransmitGate:
    """While `muted` nothing passes; `voice` says whether what passed last had one in it."""

    def __init__(self, mode: Mode = "free") -> None:
        self.muted = False
        self.voice = False
        self._mode = mode
        self._activity = VoiceActivityDetector()
        self._tail = 0

    @property
    def is_passing(self) -> bool:
        """True if what comes before the next whole frame is sent."""
        return not self.muted and (self._tail > 0 or self._mode == "open")

    def passes(self, level: int) -> bool:
        """Process the next frame, of `level` in −dBov; returns True if it is sent."""
        heard = self._activity.process(level)
        self._tail = TAIL_FRAMES[self._mode] if heard or self._mode == "open" else max(0, self._tail - 1)
        if self.muted:
            self._tail = 0
        self.voice = heard and self._tail > 0
        return self._tail > 0
