"""What a room says, at a rate that people can read: a relay that says more fills neither a terminal nor a
log."""

from collections.abc import Callable
from time import perf_counter
from typing import Final

AT_ONCE: Final = 300
"""Lines: the members and the history of a large room come in one go."""

LINES_PER_S: Final = 20.0
"""As much as a relay lets one member write; a room of people stays far below."""

LONGEST: Final = 4_000
"""Characters of one line: twice what a chat message may have."""


class Told:
    """Call it with a line to be told; `tell` gets it, unless there were too many. `clock` is in seconds."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = perf_counter) -> None:
        self._tell = tell
        self._clock = clock
        self._left = float(AT_ONCE)
        self._at = clock()
        self.left_out = 0

    def __call__(self, text: str, show: Callable[[str], None] | None = None) -> None:
        """`show` gets the line in place of `tell`, where it is shown otherwise."""
        now = self._clock()
        self._left = min(AT_ONCE, self._left + max(0.0, now - self._at) * LINES_PER_S)
        self._at = now
        if self._left < 1:
            self.left_out += 1
            return
        self._left -= 1
        if self.left_out:
            self._tell(f"{self.left_out:,} lines were left out: the room says more than anybody can read")
            self.left_out = 0
        (show or self._tell)(text if len(text) <= LONGEST else text[:LONGEST] + " …")
