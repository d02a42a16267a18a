"""What was measured lately, and its quantiles. Twin of web/shared/sliding_window.js. Times are µs, of any one
clock."""

from collections import deque
from math import ceil
from typing import Final, NamedTuple

WINDOW_US: Final = 30_000_000
"""30 s: enough samples for a quantile of 1 %; what is older no longer concerns anyone."""


class Quantiles(NamedTuple):
    """The newest value (None where it is too old), the median and the 95th percentile; each was measured."""

    now: float | None
    p50: float
    p95: float


class SlidingWindow:
    def __init__(self, window_us: int = WINDOW_US) -> None:
        self._window_us = window_us
        self._values: deque[tuple[int, float]] = deque()

    def add(self, at_us: int, value: float) -> None:
        self._values.append((at_us, value))
        self._forget(at_us)

    def quantiles(self, now_us: int, lasts_us: int) -> Quantiles | None:
        """None where nothing was measured in the window; the newest value counts as now for `lasts_us`."""
        self._forget(now_us)
        if not self._values:
            return None
        at_us, newest = self._values[-1]
        values = sorted(value for _, value in self._values)
        return Quantiles(
            newest if now_us - at_us <= lasts_us else None, quantile(values, 0.5), quantile(values, 0.95)
        )

    def _forget(self, now_us: int) -> None:
        while self._values and now_us - self._values[0][0] > self._window_us:
            self._values.popleft()


def quantile(ordered: list[float], share: float) -> float:
    """The least of the values that is not below `share` of them (nearest rank)."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
