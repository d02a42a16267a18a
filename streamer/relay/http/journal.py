"""The bytes that went out and may have to go again: until the other end says that it has them."""

from collections import deque


class Journal:
    """One direction of a leg, `end` bytes so far; the last `most_bytes` are kept, in the pieces that came."""

    def __init__(self, most_bytes: int) -> None:
        self.start = self.end = 0
        self._most_bytes = most_bytes
        self._pieces: deque[bytes] = deque()

    def add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self.end += len(piece)
        if self.end - self.start > self._most_bytes:
            self._trim()

    def _trim(self) -> None:
        while self.end - self.start > self._most_bytes:
            self.start += len(self._pieces.popleft())

    def forget(self, position: int) -> None:
        """What comes before `position` has arrived."""
        pieces, start = self._pieces, self.start
        while pieces and start + len(pieces[0]) <= position:
            start += len(pieces.popleft())
        self.start = start

    def since(self, position: int) -> bytes | None:
        """All from `position` on; None where that is not kept any more, or was never sent."""
        if not self.start <= position <= self.end:
            return None
        return b"".join(self._pieces)[position - self.start :]
