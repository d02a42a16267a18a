"""The relay's clock, told by ours: of the last pings, the one with the smallest round trip was disturbed least."""

from collections import deque
from typing import Final

WINDOW: Final = 16


class RelayClock:
    def __init__(self) -> None:
        self._pings: deque[tuple[int, int]] = deque(maxlen=WINDOW)
        self.round_trip_us: int | None = None

    def pong(self, t0: int, t1: int, t2: int, t3: int) -> None:
        """We sent the ping at `t0` and got the pong at `t3`; the relay got and answered it at `t1` and `t2`."""
        self.round_trip_us = max(0, (t3 - t0) - (t2 - t1))
        self._pings.append((self.round_trip_us, ((t1 - t0) + (t2 - t3)) // 2))

    def relay_us(self, our_us: int) -> int | None:
        """What the relay's clock shows when ours shows `our_us`; None before the first pong."""
        if not self._pings:
            return None
        return our_us + min(self._pings)[1]
