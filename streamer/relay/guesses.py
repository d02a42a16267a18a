"""How often an address gave a wrong key lately.

A key can't be guessed: it is 128 random bits. This keeps who tries from costing the others anything. A right key is
good from anywhere, so nobody is locked out by a neighbour behind the same address.
"""

from typing import Final

from streamer.errors import RefusedError
from streamer.relay.bucket import Bucket

FREE: Final = 20
PER_S: Final = 0.2
MAX_ADDRESSES: Final = 4_096


class Guesses:
    """A bucket for each address that was wrong; those that were so longest ago are forgotten."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    def wrong(self, address: str, now: float) -> None:
        """Count one at `now`, in s; raises RefusedError where there were too many."""
        bucket = self._buckets.pop(address, Bucket(FREE, PER_S))
        self._buckets[address] = bucket
        if len(self._buckets) > MAX_ADDRESSES:
            del self._buckets[next(iter(self._buckets))]
        if bucket.overflows(now):
            message = "too many wrong invites came from this address: wait a minute, and ask the host for the link"
            raise RefusedError(message, status=429, code="too-many-guesses")
