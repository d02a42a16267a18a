"""What time it is at the NATS server, by when it stored what we have just told it.

Computers' wall clocks differ, and jump; so what is stored is dated by the server's clock alone, and that is
carried on by our monotonic one. Times are in s.
"""

from time import monotonic, time
from typing import Final

JUST_S: Final = 10.0
"""What is older is told a second time, as when a watch begins again; a relay that is held up for longer is
taken for dead meanwhile."""


class NatsClock:
    """`take` each sign of life of our own that comes back, and `lose` when that comes to an end."""

    def __init__(self) -> None:
        self._ahead_s: float | None = None
        self._told_s = self._left_s = float("inf")

    def take(self, stored_s: float) -> None:
        self._ahead_s = stored_s - monotonic()
        self._told_s = stored_s

    def lose(self) -> None:
        """What is stored from now on is told with another connection."""
        self._left_s = self._told_s

    def age_s(self, stored_s: float) -> float:
        """For how long that has been stored; by the wall clock here before the server's is known."""
        now_s = time() if self._ahead_s is None else monotonic() + self._ahead_s
        return max(0.0, now_s - stored_s)

    def is_news(self, stored_s: float, *, is_new: bool) -> bool:
        """True if people are to be told, or have it in their history; `is_new` came after what was there
        already."""
        return self.age_s(stored_s) < JUST_S if is_new else stored_s > self._left_s - JUST_S
