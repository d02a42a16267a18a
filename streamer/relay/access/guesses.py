"""How often an address gave a wrong key lately.

A key can't be guessed: it is 128 random bits. This keeps who tries from costing the others anything. A right
key is good from anywhere, so nobody is locked out by a neighbour behind the same address.
"""

from typing import Final

from streamer.errors import RefusedError
from streamer.relay.access.leaky_buckets import LeakyBuckets

FREE: Final = 20
PER_S: Final = 0.2
"""Twenty wrong keys at once are a class with an old link behind one address; then one in 5 s costs a guesser
years."""


class Guesses:
    """A bucket for each address that was wrong."""

    def __init__(self) -> None:
        self._buckets = LeakyBuckets(FREE, PER_S)

    def wrong(self, address: str, now: float) -> None:
        """Count one at `now`, in s; raises RefusedError where there were too many."""
        if not self._buckets.try_take(address, now):
            message = (
                "too many wrong invites came from this address: wait a minute, and ask the host for the link"
            )
            raise RefusedError(message, status=429, code="too-many-guesses")
