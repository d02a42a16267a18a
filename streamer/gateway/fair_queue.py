"""What several senders want handled, in order and bounded: where there is no more space, the loudest makes
room."""

from collections import OrderedDict, deque
from itertools import count
from typing import Final, Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """At most `most` wait. Of whoever has most of them waiting, the oldest is left out for the next."""

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._numbers = count()
        self._waiting: OrderedDict[int, tuple[str, T]] = OrderedDict()
        self._of: dict[str, deque[int]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def first(self) -> T:
        """Raises StopIteration if nothing waits."""
        return next(iter(self._waiting.values()))[1]

    def put(self, sender: str, what: T) -> str | None:
        """Returns whose oldest was left out for it; None if there was space."""
        number = next(self._numbers)
        self._waiting[number] = sender, what
        self._of.setdefault(sender, deque()).append(number)
        if len(self._waiting) <= self._most:
            return None
        loudest = max(self._of, key=lambda each: len(self._of[each]))
        del self._waiting[self._of[loudest][0]]
        self._forget_first_of(loudest)
        return loudest

    def pop(self) -> T:
        """The one that waits longest. Raises KeyError if none does."""
        _, (sender, what) = self._waiting.popitem(last=False)
        self._forget_first_of(sender)
        return what

    def _forget_first_of(self, sender: str) -> None:
        numbers = self._of[sender]
        numbers.popleft()
        if not numbers:
            del self._of[sender]
