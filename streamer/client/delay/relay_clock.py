"""The relay's clock, told by ours, from pings. Twin of web/worker/delay/relay_clock.js. All times are µs of a
monotonic clock.

A pong proves that the relay's clock is ahead of ours by its offset, give or take half its round trip:
whatever the way there and the way back took, neither took less than nothing. The plan:
  offset   of the last `WINDOW` pings, the one with the smallest bound: half its round trip, and what two
           quartzes may have drifted apart since;
  drift    the best ping is an anchor, every `ANCHOR_EVERY`; drift is the slope from the oldest anchor to the
           newest;
  jump     a pong that can't be true together with what was known says that a clock jumped (a phone slept, a
           relay began anew): all that was known goes, and this pong is the first. One whose answer took
           longer than the question saw the jump itself: it says nothing.
"""

from collections import deque
from typing import Final, NamedTuple

WINDOW: Final = 64
ANCHOR_EVERY: Final = 16
"""Pings: 64 are a minute's worth, in which the way is free at least once, and a quarter of them has a best
one."""

WANDER: Final = 50e-6
"""What two clocks may drift apart in a second, in seconds: quartzes are good for 20 to 50 ppm."""

UNSURE_US: Final = 2_000
"""A clock that can be off by more is asked more often."""

_PING_SURE_US: Final = 1_000_000
_PING_UNSURE_US: Final = 250_000
"""From ping to ping: once a second costs nothing; four times as often finds the relay's time within
seconds."""

_ANCHORS: Final = 8
_DRIFT_SPAN_US: Final = 30_000_000
"""Eight anchors span two minutes; over less than 30 s, the pings' own error would look like a drift."""

_COARSE_US: Final = 2_000
"""Some browsers round their clocks; a jump is more than that."""


class Ping(NamedTuple):
    """That at our `at_us` the relay's clock was ahead by `offset_us`, give or take half of
    `round_trip_us`."""

    at_us: float
    offset_us: float
    round_trip_us: int

    def error_us(self, our_us: float) -> float:
        """How wrong this can be at our time `our_us`."""
        return self.round_trip_us / 2 + WANDER * abs(our_us - self.at_us)


class RelayClock:
    def __init__(self) -> None:
        self._pings: deque[Ping] = deque(maxlen=WINDOW)
        self._anchors: deque[Ping] = deque(maxlen=_ANCHORS)
        self._since_anchor = 0
        self._best: Ping | None = None
        self.round_trip_us: int | None = None
        self.jumps = 0

    def pong(self, t0: int, t1: int, t2: int, t3: int) -> None:
        """We sent the ping at `t0` and got the pong at `t3`; the relay got and answered it at `t1` and
        `t2`."""
        round_trip_us = (t3 - t0) - (t2 - t1)
        if round_trip_us < 0:
            self._restart()
            return
        ping = Ping((t0 + t3) / 2, ((t1 - t0) + (t2 - t3)) / 2, round_trip_us)
        if self._contradicts(ping):
            self._restart()
        self.round_trip_us = round_trip_us
        self._pings.append(ping)
        self._best = min(self._pings, key=lambda known: known.error_us(ping.at_us))
        self._anchor(self._best)

    @property
    def drift_ppm(self) -> float | None:
        """How much faster the relay's clock runs than ours; None until half a minute is known."""
        if not self._anchors or self._anchors[-1].at_us - self._anchors[0].at_us < _DRIFT_SPAN_US:
            return None
        first, last = self._anchors[0], self._anchors[-1]
        return (last.offset_us - first.offset_us) / (last.at_us - first.at_us) * 1e6

    def relay_us(self, our_us: float) -> int | None:
        """What the relay's clock shows when ours shows `our_us`; None before the first pong."""
        if self._best is None:
            return None
        return round(our_us + self._offset_us(self._best, our_us))

    def error_us(self, our_us: float) -> int | None:
        """How far `relay_us(our_us)` can be off; None before the first pong."""
        return None if self._best is None else round(self._best.error_us(our_us))

    def ping_every_us(self, our_us: float) -> int:
        """How long to wait between two pings now."""
        error_us = self.error_us(our_us)
        return _PING_UNSURE_US if error_us is None or error_us > UNSURE_US else _PING_SURE_US

    def _offset_us(self, ping: Ping, our_us: float) -> float:
        drift = max(-WANDER, min(WANDER, (self.drift_ppm or 0.0) / 1e6))
        return ping.offset_us + drift * (our_us - ping.at_us)

    def _contradicts(self, ping: Ping) -> bool:
        if self._best is None:
            return False
        apart_us = abs(ping.offset_us - self._offset_us(self._best, ping.at_us))
        return apart_us > ping.round_trip_us / 2 + self._best.error_us(ping.at_us) + _COARSE_US

    def _restart(self) -> None:
        self.jumps += 1
        self._pings.clear()
        self._anchors.clear()
        self._since_anchor = 0
        self._best = self.round_trip_us = None

    def _anchor(self, best: Ping) -> None:
        self._since_anchor += 1
        if self._since_anchor == ANCHOR_EVERY:
            self._anchors.append(best)
            self._since_anchor = 0
