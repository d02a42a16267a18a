"""What was written in a room lately, for who comes later."""

from collections import deque
from typing import Final

from streamer.wire import control
from streamer.wire.messages import Line

KEPT_S: Final = 3_600.0
MAX_BYTES: Final = 15_000
"""As serialized in a welcome, of which it is a quarter: about 200 lines of chat."""


class History:
    """The newest of the last hour. Times are in s, of any clock."""

    def __init__(self) -> None:
        self._said: deque[tuple[float, str, str, int]] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        """How many messages there are."""
        return len(self._said)

    def __bool__(self) -> bool:
        return bool(self._said)

    def add(self, name: str, text: str, now: float) -> None:
        size = _size(name, text)
        self._said.append((now, name, text, size))
        self._bytes += size
        while self._bytes > MAX_BYTES:
            self._drop()

    def prune(self, now: float) -> None:
        while self._said and now - self._said[0][0] > KEPT_S:
            self._drop()

    def tell(self, now: float, most_bytes: int = MAX_BYTES) -> list[Line]:
        """As PROTOCOL.md's welcome has it, oldest first: the newest that fit in `most_bytes`, serialized."""
        self.prune(now)
        fitting: deque[Line] = deque()
        for then, name, text, size in reversed(self._said):
            most_bytes -= size
            if most_bytes < 0:
                break
            fitting.appendleft(_entry(name, text, int(now - then)))
        return list(fitting)

    def _drop(self) -> None:
        self._bytes -= self._said.popleft()[3]


def _entry(name: str, text: str, age_s: int) -> Line:
    return {"name": name, "text": text, "age_s": age_s}


def _size(name: str, text: str) -> int:
    """At the greatest age, and with the comma between two."""
    return len(control.serialize(_entry(name, text, int(KEPT_S))).encode()) + 1
