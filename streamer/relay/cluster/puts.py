"""What this relay is about to store: of several values of one key, the newest. It waits while NATS is
away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from streamer.relay.background import surviving
from streamer.relay.cluster.bus import Bucket, Bus
from streamer.wire.control import serialize

MAX_WAITING: Final = 20_000
"""Keys; a relay that is away for long keeps what was decided last, and the rest is told anew when it is
back."""

AT_ONCE: Final = 32
"""Values on their way: with a millisecond each, 32,000 a second."""

Revision = Callable[[], int]
"""Where the value is stored only if nobody else has changed it: the revision that is known here."""

Stored = Callable[[int], None]
"""Is told the new revision, or 0 where somebody else had changed it."""

_Key = tuple[str, str]


class Puts:
    """`put` at any time; `run` while there is a connection."""

    def __init__(self) -> None:
        self._waiting: dict[_Key, tuple[Bucket, bytes | None]] = {}
        self._conditions: dict[_Key, tuple[Revision, Stored]] = {}
        self._sent: set[_Key] = set()
        """On their way: what is stored now will come back in the order in which it was stored."""
        self._came = asyncio.Event()

    def put(self, bucket: Bucket, key: str, value: object) -> None:
        """None deletes it."""
        at = bucket.name, key
        data = None if value is None else serialize(value).encode()  # type: ignore[arg-type]  # a TypedDict
        self._waiting.pop(at, None)
        self._conditions.pop(at, None)
        self._sent.discard(at)
        self._waiting[at] = bucket, data
        while len(self._waiting) > MAX_WAITING:
            oldest = next(iter(self._waiting))
            self._waiting.pop(oldest)
            self._conditions.pop(oldest, None)
        self._came.set()

    def put_if(self, bucket: Bucket, key: str, value: object, revision: Revision, stored: Stored) -> None:
        self.put(bucket, key, value)
        self._conditions[bucket.name, key] = revision, stored

    def has(self, bucket: Bucket, key: str) -> bool:
        """True if it waits to be stored, or is on its way."""
        return (bucket.name, key) in self._waiting

    def drop(self, bucket: Bucket, key: str) -> None:
        """It is no longer to be stored. What is on its way already can't be called back."""
        at = bucket.name, key
        self._waiting.pop(at, None)
        self._conditions.pop(at, None)
        self._sent.discard(at)

    def is_waiting(self, bucket: Bucket, key: str) -> bool:
        """True if it will be stored behind all that is stored by now."""
        at = bucket.name, key
        return at in self._waiting and at not in self._sent

    def forget(self, bucket: Bucket) -> None:
        """What waits to be stored there is no longer so, and is told anew."""
        for at in [at for at in self._waiting if at[0] == bucket.name]:
            del self._waiting[at]
            self._conditions.pop(at, None)

    async def run(self, bus: Bus) -> None:
        """Until it is cancelled, or NATS does not take a value: that one waits for the next connection."""
        self._came.set()
        try:
            while True:
                await self._came.wait()
                self._came.clear()
                while self._waiting:
                    await _all([self._store(bus, at) for at in list(self._waiting)[:AT_ONCE]])
        finally:
            self._sent.clear()

    async def _store(self, bus: Bus, at: _Key) -> None:
        """What waits there by now."""
        found, condition = self._waiting.get(at), self._conditions.get(at)
        if found is None:
            return
        bucket, data = found
        self._sent.add(at)
        revision = 0
        if condition and data is not None:
            revision = await bus.put_if(bucket, at[1], data, condition[0]())
        else:
            await bus.put(bucket, at[1], data)
        if at in self._sent:  # else there is a newer one
            self.drop(bucket, at[1])
        if condition:
            with surviving("what was stored for all relays"):
                condition[1](revision)


async def _all(works: list[Awaitable[None]]) -> None:
    """Raises what the first of them raised, once all have ended."""
    for result in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
