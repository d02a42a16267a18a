"""How many connections members have, by address and in all, and who always gets one.

A crowd never keeps out the host or members that come back: the limits for newcomers leave places
free that only they take.
"""

from collections import Counter

from streamer.errors import RefusedError
from streamer.relay.access.open_files import Places
from streamer.relay.access.source import source_of


class Seats:
    """At most `per_address` for newcomers of one address, and `places` in all."""

    def __init__(self, per_address: float, places: Places) -> None:
        self._per_address = per_address
        self._places = places
        self._taken: Counter[str] = Counter()
        self._count = 0

    def check(self, address: str, *, is_expected: bool) -> None:
        """Raises RefusedError `too-many`; `is_expected`: this is the host, or a member that comes back."""
        if not is_expected and self._taken[source_of(address)] >= self._per_address:
            raise RefusedError(
                "there are too many connections from this address", status=429, code="too-many"
            )
        if self._count >= self._places.members - (0 if is_expected else self._places.kept):
            raise RefusedError("this relay is full", status=429, code="too-many")

    def take(self, address: str, files: int = 1) -> None:
        """For a member that may have so many files open."""
        self._taken[source_of(address)] += 1
        self._count += files

    def leave(self, address: str, files: int = 1) -> None:
        source = source_of(address)
        self._taken[source] -= 1
        self._count -= files
        if not self._taken[source]:
            del self._taken[source]
