"""Strangers' requests, one at a time and in turn by address, so that voice never waits behind a crowd of them.

Between two of them the event loop looks at all sockets. A packet of a member so waits for one request at most, and a
newcomer for one of each other address, however many requests one address sends.
"""

import asyncio
from collections import deque
from collections.abc import Callable


class Turnstile:
    """Made in the event loop that it will run in."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queues: dict[str, deque[Callable[[], None]]] = {}

    def enter(self, source: str, act: Callable[[], None]) -> None:
        """Call `act` when it is the turn of `source`."""
        if not self._queues:
            self._loop.call_soon(self._turn)
        self._queues.setdefault(source, deque()).append(act)

    async def passed(self, source: str) -> None:
        """Wait until it is the turn of `source`."""
        turn = asyncio.Event()
        self.enter(source, turn.set)
        await turn.wait()

    def _turn(self) -> None:
        source = next(iter(self._queues))
        queue = self._queues.pop(source)
        act = queue.popleft()
        if queue:
            self._queues[source] = queue  # behind all others
        if self._queues:
            self._loop.call_soon(self._turn)
        act()
