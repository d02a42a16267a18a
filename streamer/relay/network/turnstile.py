"""Strangers' requests, one at a time and in turn by address, so that voice never waits behind a crowd of
them.

Between two of them the event loop looks at all sockets. A packet of a member so waits for one request at
most, and a newcomer for one of each other address, however many requests one address sends. And an address
that asks for more than people do waits by itself, so that it does not take the processor from the others.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from streamer.relay.access.leaky_buckets import MAX_SOURCES

REQUEST: Final = 1
"""What it costs: the unit of the limit."""
TLS_HANDSHAKE: Final = 3
"""As much time as three requests take."""
BURST_S: Final = 10.0
"""An address may ask as fast as it likes for this long: a class behind one proxy loads 45 files each at
once."""


class Turnstile:
    """Lets `per_s` requests a second through for each source. Made in the event loop that it will run in."""

    def __init__(self, per_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._per_s = per_s
        self._queues: dict[str, deque[Callable[[], None]]] = {}
        self._paid_until: dict[str, float] = {}  # who asked longest ago comes first

    async def passed(self, source: str, cost: float = REQUEST) -> None:
        """Wait until it is the turn of `source`."""
        turn = asyncio.Event()
        wait_s = self._pay(source, cost) - BURST_S
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        self.enter(source, turn.set)
        await turn.wait()

    def enter(self, source: str, act: Callable[[], None]) -> None:
        """Call `act` when it is the turn of `source`."""
        if not self._queues:
            self._loop.call_soon(self._turn)
        self._queues.setdefault(source, deque()).append(act)

    def _pay(self, source: str, cost: float) -> float:
        """How many seconds `source` is ahead of its rate, with this."""
        now = self._loop.time()
        until = max(self._paid_until.pop(source, now), now) + cost / self._per_s
        self._paid_until[source] = until
        if len(self._paid_until) > MAX_SOURCES:
            del self._paid_until[next(iter(self._paid_until))]
        return until - now

    def _turn(self) -> None:
        source = next(iter(self._queues))
        queue = self._queues.pop(source)
        act = queue.popleft()
        if queue:
            self._queues[source] = queue  # behind all others
        if self._queues:
            self._loop.call_soon(self._turn)
        act()
