"""Between those who are told and those who read: a queue that never grows beyond its bound, and never waits.

Where a reader is too slow, the oldest items go, and `missed` counts them.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Generic, Self, TypeVar
from weakref import WeakSet

_T = TypeVar("_T")


class Mailbox(AsyncIterator[_T], Generic[_T]):
    """An async iterator over what is `put`, until it is closed.

    It belongs to one event loop, and to one reader.
    """

    def __init__(self, most: int, on_missed: Callable[[int], _T] | None = None) -> None:
        """Holds at most `most` items.

        `on_missed` makes an item that tells how many were dropped before the next one.
        """
        self._items: deque[_T] = deque(maxlen=most)
        self._on_missed = on_missed
        self._news = asyncio.Event()
        self._is_closed = False
        self._error: Exception | None = None
        self._untold = 0
        self.missed = 0

    def put(self, item: _T) -> None:
        if len(self._items) == self._items.maxlen:
            self.missed += 1
            self._untold += 1
        self._items.append(item)
        self._news.set()

    def close(self, error: Exception | None = None) -> None:
        """No more will come: whoever reads gets what is left, and then `error`, or the end."""
        self._is_closed, self._error = True, error
        self._news.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _T:
        while not self._items:
            if self._is_closed:
                raise self._error or StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        if self._untold and self._on_missed:
            untold, self._untold = self._untold, 0
            return self._on_missed(untold)
        return self._items.popleft()


class Readers(Generic[_T]):
    """All readers of the same events: each has a mailbox, which goes when nobody holds it any longer."""

    def __init__(self, most: int, on_missed: Callable[[int], _T] | None = None) -> None:
        self._most = most
        self._on_missed = on_missed
        self._mailboxes: WeakSet[Mailbox[_T]] = WeakSet()
        self._end: tuple[Exception | None] | None = None

    def open(self) -> Mailbox[_T]:
        mailbox = Mailbox(self._most, self._on_missed)
        self._mailboxes.add(mailbox)
        if self._end:
            mailbox.close(*self._end)
        return mailbox

    def __bool__(self) -> bool:
        """True if anybody reads: what nobody reads need not be made."""
        return bool(self._mailboxes)

    def put(self, item: _T) -> None:
        for mailbox in list(self._mailboxes):
            mailbox.put(item)

    def close(self, error: Exception | None) -> None:
        self._end = (error,)
        for mailbox in list(self._mailboxes):
            mailbox.close(error)
