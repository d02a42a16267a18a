"""A stay that nobody attends, of a device or a gateway: whatever ends it, it begins again.

The room itself comes back after a lost connection. What ends it for good, as a person sees it (a token that
was revoked, a relay that is another one now), may be put right while nobody is here: so it is tried again, ever
less often.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import random
from time import monotonic
from typing import Final

from streamer.doubling import doubled_s
from streamer.errors import StreamerError

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
"""One try a minute is no burden for a relay, and whoever repairs something waits no longer for the device."""

LASTED_S: Final = 60.0
"""A stay of this length was a good one: the next wait is short again."""


class Remarks:
    """Tells a trouble once, however often it comes; `tell` gets a line for the log."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told = ""

    def __call__(self, words: str) -> None:
        if words != self._told:
            self._told = words
            self._tell(words)

    def forget(self) -> None:
        """The trouble is over; it is told if it comes again."""
        self._told = ""


async def stay_for_ever(visit: Callable[[], Awaitable[None]], tell: Callable[[str], None]) -> None:
    """Run `visit` again and again until cancelled; it returns, or raises StreamerError, whenever a stay has ended."""
    remarks = Remarks(tell)
    failures = 0
    while True:
        began = monotonic()
        try:
            await visit()
            words = "the relay closed the room"
        except StreamerError as error:
            words = str(error)
        if monotonic() - began >= LASTED_S:
            failures = 0
            remarks.forget()
        failures += 1
        remarks(f"The room is away: {words}. It is tried again until it is there")
        await asyncio.sleep(wait_s(failures, random()))


def wait_s(failures: int, chance: float) -> float:
    """How long to wait after so many failures in a row, half of it by `chance`, from 0 to 1."""
    return doubled_s(failures, chance, FIRST_WAIT_S, LONGEST_WAIT_S)
