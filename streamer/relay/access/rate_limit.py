"""How fast somebody may go: a leaky bucket (ITU-T I.371), that lets bursts pass and no lasting flood."""


class LeakyBucket:
    """Holds `size`, and empties by `per_s`. Times are in s, of any clock."""

    __slots__ = ("_level", "_per_s", "_size", "_then")

    def __init__(self, size: float, per_s: float) -> None:
        self._size = size
        self._per_s = per_s
        self._level = 0.0
        self._then: float | None = None

    def overflows(self, now: float, amount: float = 1.0) -> bool:
        """Put `amount` more in; True if that was too much, and then nothing was put in."""
        self._drain(now)
        if self._level + amount > self._size:
            return True
        self._level += amount
        return False

    def is_half_full(self, now: float) -> bool:
        self._drain(now)
        return self._level > self._size / 2

    def is_empty(self, now: float) -> bool:
        self._drain(now)
        return self._level == 0.0

    def _drain(self, now: float) -> None:
        elapsed_s = now - self._then if self._then is not None else 0.0
        self._then = now
        self._level = max(self._level - max(elapsed_s, 0.0) * self._per_s, 0.0)
