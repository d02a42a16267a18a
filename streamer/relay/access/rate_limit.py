"""How fast somebody may go: a leaky bucket (ITU-T I.371), that lets bursts pass and no lasting flood."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Rate:
    """Of one kind of thing: two kinds that may go equally fast are counted apart."""

    size: float
    """At once."""
    per_s: float
    """In the long run."""


class LeakyBucket:
    """Allows `size` at once, and `per_s` in the long run. Times are in s, of any clock."""

    __slots__ = ("_level", "_per_s", "_size", "_then")

    def __init__(self, size: float, per_s: float) -> None:
        self._size = size
        self._per_s = per_s
        self._level = 0.0
        self._then: float | None = None

    def try_take(self, now: float, amount: float = 1.0) -> bool:
        """Take `amount` of what is allowed; False if that is not left, and then nothing is taken."""
        self._drain(now)
        if self._level + amount > self._size:
            return False
        self._level += amount
        return True

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


class Buckets:
    """Those of one source, by rate. Each is made when it is first needed: most members never do most."""

    __slots__ = ("_buckets",)

    def __init__(self) -> None:
        self._buckets: dict[Rate, LeakyBucket] = {}

    def try_take(self, rate: Rate, now: float, amount: float = 1.0) -> bool:
        """As `LeakyBucket.try_take`, of what `rate` allows."""
        bucket = self._buckets.get(rate)
        if bucket is None:
            bucket = self._buckets[rate] = LeakyBucket(rate.size, rate.per_s)
        return bucket.try_take(now, amount)

    def are_empty(self, now: float) -> bool:
        return all(bucket.is_empty(now) for bucket in self._buckets.values())
