"""One bucket for each address, in a table that no stranger can make grow."""

from typing import Final

from streamer.relay.access.rate_limit import LeakyBucket
from streamer.relay.access.source import source_of

MAX_SOURCES: Final = 4_096
"""More than a local network has devices; at about 300 bytes each that is 1.2 MB."""


class LeakyBuckets:
    """Each allows `size` at once and `per_s` in the long run; the one used longest ago is forgotten first."""

    def __init__(self, size: float, per_s: float) -> None:
        self._size = size
        self._per_s = per_s
        self._buckets: dict[str, LeakyBucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def try_take(self, address: str, now: float) -> bool:
        """Count one of `address`; False if that is too much. `now` is in s, of any clock."""
        source = source_of(address)
        bucket = self._buckets.pop(source, None) or LeakyBucket(self._size, self._per_s)
        self._buckets[source] = bucket
        if len(self._buckets) > MAX_SOURCES:
            del self._buckets[next(iter(self._buckets))]
        return bucket.try_take(now)
