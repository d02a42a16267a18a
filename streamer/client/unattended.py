"""A session that nobody attends, of a device or a gateway: whatever ends it, it begins again.

The room itself comes back after a lost connection. What ends it for good, as a person sees it (a token that
was revoked, a relay that is another one now), may be put right while nobody is here: so it is tried again,
ever less often.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import random
from time import monotonic
from typing import Final

from streamer.doubling import doubled_s
from streamer.errors import StreamerError, in_words

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
"""One try a minute is no burden for a relay, and whoever repairs something waits no longer for the device."""

LASTED_S: Final = 60.0
"""A session of this length was a good one: the next wait is short again."""


REMARKS: Final = 20
REMARKS_PER_S: Final = 0.1
"""Of one kind: as many as somebody reads who comes to look, and 8,640 lines a day at most."""


class Remarks:
    """Tells a trouble once, however often it comes, and not too many in turn; `tell` gets a line for the
    log."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._told = ""
        self._left = float(REMARKS)
        self._then = clock()
        self._untold = 0

    def __call__(self, words: str) -> None:
        if words == self._told:
            return
        now = self._clock()
        self._left, self._then = min(REMARKS, self._left + (now - self._then) * REMARKS_PER_S), now
        if self._left < 1:
            self._untold += 1
            return
        self._left -= 1
        self._told = words
        self._tell(f"{words} ({self._untold} other lines were left out)" if self._untold else words)
        self._untold = 0

    def forget(self) -> None:
        """The trouble is over; it is told if it comes again."""
        self._told = ""


async def stay_for_ever(visit: Callable[[], Awaitable[None]], tell: Callable[[str], None]) -> None:
    """Run `visit` again and again until cancelled.

    It returns, or raises StreamerError or OSError, whenever a session has ended.
    """
    remarks = Remarks(tell)
    failures = 0
    while True:
        began = monotonic()
        try:
            await visit()
            words = "the relay closed the room"
        except StreamerError as error:
            words = str(error)
        except OSError as error:  # a disk that is full, no more open files: it may pass
            words = in_words(error)
        if monotonic() - began >= LASTED_S:
            failures = 0
            remarks.forget()
        failures += 1
        remarks(f"The room can't be reached: {words}. Trying again until it can")
        await asyncio.sleep(wait_s(failures, random()))


def wait_s(failures: int, chance: float) -> float:
    """How long to wait after so many failures in a row, half of it by `chance`, from 0 to 1."""
    return doubled_s(failures, chance, FIRST_WAIT_S, LONGEST_WAIT_S)
