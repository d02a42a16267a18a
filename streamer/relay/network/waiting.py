"""Who holds a place without being a member: so many for each address and in all, shared fairly between
addresses.

The newcomer gets a place, and the oldest of the address that holds most gives up its own. So whoever comes
and goes at once gets through, however many others hang. Addresses that were members lately keep a few places
that nobody takes.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, Generic, Protocol, TypeVar

KEPT_PLACES: Final = 8
"""For each address that was a member lately: a browser opens six connections at a time, and its WebSocket."""


class Holder(Protocol):
    """Something that holds a place. `source` is what limits count `address` as."""

    @property
    def address(self) -> str: ...

    @property
    def source(self) -> str: ...


H = TypeVar("H", bound=Holder)


class Waiting(Generic[H]):
    """At most `most` holders, `most_per_source` of one source; `is_regular` tells whose places are kept.

    `is_shared` tells of an address that it stands for many, as a proxy's until it says whom it brings.
    """

    def __init__(
        self,
        most: float,
        most_per_source: float,
        is_regular: Callable[[str], bool] = lambda address: False,
        is_shared: Callable[[str], bool] = lambda address: False,
    ) -> None:
        self._most = most
        self._most_per_source = most_per_source
        self._is_regular = is_regular
        self._is_shared = is_shared
        self._holders: dict[str, dict[H, bool]] = {}  # by source, oldest first; True where the place is kept
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[H]:
        return iter([holder for holders in self._holders.values() for holder in holders])

    def add(self, holder: H) -> H | None:
        """Give `holder` a place. Returns who has to go for it and holds none any more; that may be
        `holder`."""
        holders = self._holders.setdefault(holder.source, {})
        holders[holder] = self._keeps(holder, holders)
        self._count += 1
        if len(holders) > self._most_per_source and not self._is_shared(holder.address):
            return self._take_from(holders)
        if self._count > self._most:
            return self._take_from(max(self._holders.values(), key=_to_be_taken))
        return None

    def discard(self, holder: H) -> None:
        holders = self._holders.get(holder.source)
        if holders is None or holders.pop(holder, None) is None:
            return
        self._count -= 1
        if not holders:
            del self._holders[holder.source]

    def _keeps(self, holder: H, holders: dict[H, bool]) -> bool:
        if not self._is_regular(holder.address):
            return False
        return sum(kept and each.address == holder.address for each, kept in holders.items()) < KEPT_PLACES

    def _take_from(self, holders: dict[H, bool]) -> H:
        """The oldest of the address that holds most; of those whose places are kept only where there are no
        others."""
        candidates = [holder for holder, kept in holders.items() if not kept] or list(holders)
        [(address, _)] = Counter(holder.address for holder in candidates).most_common(1)
        taken = next(holder for holder in candidates if holder.address == address)
        self.discard(taken)
        return taken


def _to_be_taken(holders: dict[H, bool]) -> tuple[int, int]:
    return sum(not kept for kept in holders.values()), len(holders)
