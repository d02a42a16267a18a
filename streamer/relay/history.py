"""What was written in a room lately, for who comes later."""

from collections import deque
from typing import Final

from streamer.wire.control import Message

KEPT_S: Final = 3_600.0
MAX_BYTES: Final = 8_000
"""Of names and texts in UTF-8, so that it has room in a welcome."""


class History:
    """The newest of the last hour. Times are in s, of any clock."""

    def __init__(self) -> None:
        self._said: deque[tuple[float, str, str]] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        """How many messages there are."""
        return len(self._said)

    def __bool__(self) -> bool:
        return bool(self._said)

    def add(self, name: str, text: str, now: float) -> None:
        self._said.append((now, name, text))
        self._bytes += _size(name, text)
        while self._bytes > MAX_BYTES:
            self._drop()

    def prune(self, now: float) -> None:
        while self._said and now - self._said[0][0] > KEPT_S:
            self._drop()

    def tell(self, now: float) -> list[Message]:
        """As PROTOCOL.md's welcome has it, oldest first."""
        self.prune(now)
        return [{"name": name, "text": text, "age_s": int(now - then)} for then, name, text in self._said]

    def _drop(self) -> None:
        _, name, text = self._said.popleft()
        self._bytes -= _size(name, text)


def _size(name: str, text: str) -> int:
    return len(name.encode()) + len(text.encode())
