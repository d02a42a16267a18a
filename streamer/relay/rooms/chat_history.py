"""What was written in a room lately, and its notices, for people who come later."""

from collections import deque
from typing import Final

from streamer.wire.json_size import json_size
from streamer.wire.messages import Line
from streamer.wire.programs import Level

KEPT_S: Final = 3_600.0
MAX_BYTES: Final = 15_000
"""As serialized in a welcome, of which it is a quarter: about 200 lines of chat."""


class History:
    """The newest of the last hour. Times are in s, of any clock."""

    def __init__(self) -> None:
        self._said: deque[tuple[float, Line, int]] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        """How many messages there are."""
        return len(self._said)

    def __bool__(self) -> bool:
        return bool(self._said)

    def add(
        self,
        name: str,
        text: str,
        now: float,
        *,
        title: str = "",
        level: Level | None = None,
        caption: bool = False,
    ) -> None:
        """A `level` makes a notice of it. A `caption` of what was said gives way to what was written."""
        line: Line = {"name": name, "text": text, "age_s": int(KEPT_S)}
        if level:
            line["level"] = level
        if title:
            line["title"] = title
        if caption:
            line["caption"] = True
        size = _size(line)
        self._said.append((now, line, size))
        self._bytes += size
        while self._bytes > MAX_BYTES:
            self._make_room()

    def prune(self, now: float) -> None:
        while self._said and now - self._said[0][0] > KEPT_S:
            self._drop()

    def tell(self, now: float, most_bytes: int = MAX_BYTES) -> list[Line]:
        """As PROTOCOL.md's welcome has it, oldest first: the newest that fit in `most_bytes`, serialized."""
        self.prune(now)
        fitting: deque[Line] = deque()
        for then, line, size in reversed(self._said):
            most_bytes -= size
            if most_bytes < 0:
                break
            fitting.appendleft({**line, "age_s": int(now - then)})
        return list(fitting)

    def _make_room(self) -> None:
        """By the oldest caption; where there is none, by the oldest of all."""
        captions = (number for number, (_, line, _) in enumerate(self._said) if line.get("caption"))
        number = next(captions, 0)
        self._bytes -= self._said[number][2]
        del self._said[number]

    def _drop(self) -> None:
        self._bytes -= self._said.popleft()[2]


def _size(line: Line) -> int:
    """At the greatest age, and with the comma between two."""
    return json_size(line) + 1
