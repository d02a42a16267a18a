"""What one address has open, and may still do, with all its connections."""

from typing import Final

from streamer.relay.access.allowance import ADDRESS_FACTOR, Writing
from streamer.relay.access.limits import RelayLimits
from streamer.relay.access.rate_limit import LeakyBucket
from streamer.websocket.budget import Budget

JOINS_FACTOR: Final = 4
"""Times the connections an address may have: so often they may all come back at once."""

JOINS_REFILL_S: Final = 32.0
"""In which an address may come with all its connections once more. A join costs more than any other
message."""

USUAL_PER_ADDRESS: Final = 64
"""Its other limits are meant for so many connections; behind a proxy, where there are more, they grow."""


class AddressBudget:
    """Of one address."""

    __slots__ = ("deliveries", "joins", "open", "writing")

    def __init__(self, limits: RelayLimits) -> None:
        many = max(1.0, limits.max_per_address / USUAL_PER_ADDRESS)
        self.open = 0
        self.writing = Writing(ADDRESS_FACTOR * many)
        self.deliveries = Budget(limits.deliveries_per_s * many / 2, limits.deliveries_per_s * many / 2)
        joins = max(USUAL_PER_ADDRESS, limits.max_per_address)
        self.joins = LeakyBucket(JOINS_FACTOR * joins, joins / JOINS_REFILL_S)

    def is_forgettable(self, now: float) -> bool:
        return self.open == 0 and self.writing.is_unused(now) and self.joins.is_empty(now)
