"""What is to be recognised, in order: final lines first, as they ended; then the partial line that waits
longest.

Where the computer cannot keep up, partial lines are left out, never final ones; both are counted. Reads no
clock.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

MOST_WAITING_S: Final = 900.0
"""Seconds of sound that wait to become final lines, 58 MB. Beyond it a computer will never keep up: memory is
not to be its victim."""

_T = TypeVar("_T")


class Work(Generic[_T]):
    """`_T` is what is recognised: whose it is, and the sound."""

    def __init__(self) -> None:
        self._finals: deque[tuple[Hashable, _T, float]] = deque()
        self._partials: OrderedDict[Hashable, _T] = OrderedDict()
        self._waiting_s = 0.0
        self.left_out = 0
        """Partial lines."""
        self.lost = 0
        """Final lines, where MOST_WAITING_S was not enough."""

    def __bool__(self) -> bool:
        return bool(self._finals or self._partials)

    @property
    def finals(self) -> int:
        return len(self._finals)

    def add_partial(self, talker: Hashable, job: _T) -> None:
        """In place of the talker's last one, where that still waits."""
        if talker in self._partials:
            self.left_out += 1
        self._partials[talker] = job

    def add_final(self, talker: Hashable, job: _T, duration_s: float) -> None:
        """`duration_s` is how long the sound is. What is partial of it is of no use any more."""
        self._partials.pop(talker, None)
        self._finals.append((talker, job, duration_s))
        self._waiting_s += duration_s
        while self._waiting_s > MOST_WAITING_S and len(self._finals) > 1:
            self._waiting_s -= self._finals.popleft()[2]
            self.lost += 1

    def take(self) -> _T | None:
        if self._finals:
            _, job, duration_s = self._finals.popleft()
            self._waiting_s -= duration_s
            return job
        return self._partials.popitem(last=False)[1] if self._partials else None
