"""How long something on the way lets a stream be, in time and in bytes. Twin of
web/worker/connection/stream_limits.js.

Proxies cut each response after 30 s, or after 1 MB. The first cut tells; from then on a stream gets a
successor before it comes that far. Which of the two it was is not known, so neither is reached again.
"""

from math import inf
from typing import Final

SHARE: Final = 0.7
"""Of what was cut: the rest is for the next stream to begin in."""
LEAST_S: Final = 5.0
"""A stream that was cut sooner had another reason; and successors that come more often would cost more than a
gap."""


class StreamLimits:
    def __init__(self) -> None:
        self._most_s = self._most_bytes = inf

    def cut(self, lasted_s: float, size: int) -> None:
        """A stream ended after so many seconds and bytes, although its leg goes on."""
        if lasted_s >= LEAST_S:
            self._most_s = min(self._most_s, SHARE * lasted_s)
            self._most_bytes = min(self._most_bytes, SHARE * size)

    def is_near(self, lasted_s: float, size: int) -> bool:
        """True if a stream of this age and size is to have a successor now."""
        return lasted_s >= self._most_s or (size >= self._most_bytes and lasted_s >= LEAST_S * SHARE)
