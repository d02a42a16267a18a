"""Messages to many members of a room: at once while they are few, and paced while they are a flood.

Sixty people who join together cause 4,000 messages; one who writes causes a hundred. That work must not stand
before the voice of other rooms. So a room hands out at most SLICE messages in one turn of the event loop and
PER_S in the long run; the rest waits in order. Where only the newest state matters (who is muted, a clock,
who has the floor), one message waits, not each: `about` names the value.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from time import monotonic
from typing import Any, Final, Protocol, cast

from streamer.relay.background import surviving
from streamer.wire.messages import FromRelay

SLICE: Final = 32
"""About 0.3 ms of work: with TLS a message takes about 10 µs."""

SLICE_BYTES: Final = 65_536
"""Encrypting and writing so much takes about 0.1 ms."""

PACE_S: Final = 0.004
"""Between two slices. With SLICE, this is as fast as PER_S."""

PER_S: Final = 8_000
"""A room of a hundred in which 80 things happen each second; under a tenth of a processor."""

BURST: Final = 128
"""At once: one message to a full room."""

MAX_LETTERS: Final = 4_096
"""Beyond that, what can be left out is left out: clocks, chat, telemetry and captions."""

LEFT_OUT: Final = ("clock", "chat", "telemetry", "caption")

URGENT: Final = ("notice",)
URGENT_PACE_S: Final = 0.001
URGENT_CREDIT: Final = 1_024
"""A notice reaches a room of 500 within 20 ms, ahead of all that waits; the rate makes up for it."""

Later = Callable[[float, Callable[[], None]], object]


class Receiver(Protocol):
    """Can be sent a message."""

    def send_control(self, message: FromRelay) -> None: ...


class ToMany(dict[str, Any]):
    """A message to several members. The first to send it keeps its WebSocket frame here for the others."""

    __slots__ = ("frame",)

    def __init__(self, message: FromRelay) -> None:
        super().__init__(message)
        self.frame: bytes | None = None


class _Letter:
    """A message, and the members that have not got it yet."""

    __slots__ = ("about", "begun", "message", "receivers")

    def __init__(self, message: FromRelay, receivers: Iterable[Receiver], about: Hashable) -> None:
        self.about = about
        self.begun = False
        self.renew(message, receivers)

    def renew(self, message: FromRelay, receivers: Iterable[Receiver]) -> None:
        self.message = ToMany(message)
        self.receivers = deque(receivers)


class Post:
    """One room's. `call_later` is the event loop's; without one everything is handed out at once."""

    def __init__(self, call_later: Later | None = None) -> None:
        self._call_later = call_later
        self._letters: deque[_Letter] = deque()
        self._urgent: deque[_Letter] = deque()
        self._newest: dict[Hashable, _Letter] = {}
        self._left = float(BURST)
        self._then = monotonic()
        self._is_busy = False

    def __len__(self) -> int:
        """How many messages wait."""
        return len(self._letters) + len(self._urgent)

    def send(self, message: FromRelay, receivers: Sequence[Receiver], about: Hashable = None) -> None:
        """Hand `message` to `receivers`, behind what was sent before; only what is urgent overtakes."""
        waiting = self._newest.get(about) if about is not None else None
        if waiting and not waiting.begun:
            waiting.renew(message, receivers)
            return
        if len(self._letters) >= MAX_LETTERS and message["type"] in LEFT_OUT:
            return
        letter = _Letter(message, receivers, about)
        (self._urgent if message["type"] in URGENT else self._letters).append(letter)
        if about is not None:
            self._newest[about] = letter
        if not self._is_busy:
            self._hand_out()

    def _hand_out(self) -> None:
        """Hand out a slice now, and the rest after a pause.

        A member may leave when it is told: that sends another message.
        """
        self._is_busy = True
        self._refill()
        count, size = 0, 0
        while (letters := self._urgent or self._letters) and self._may_go_on(count, size):
            letter = letters[0]
            letter.begun = True
            if not letter.receivers:
                self._close(letters.popleft())
                continue
            with surviving("telling a member"):
                letter.receivers.popleft().send_control(cast(FromRelay, letter.message))
            count += 1
            size += len(letter.message.frame or b"")
            self._left -= 1
        self._is_busy = len(self) > 0
        if self._is_busy and self._call_later is not None:
            self._call_later(URGENT_PACE_S if self._urgent else PACE_S, self._hand_out)

    def _may_go_on(self, count: int, size: int) -> bool:
        least = -URGENT_CREDIT if self._urgent else 0
        return self._call_later is None or (count < SLICE and size < SLICE_BYTES and self._left > least)

    def _close(self, letter: _Letter) -> None:
        if letter.about is not None and self._newest.get(letter.about) is letter:
            del self._newest[letter.about]

    def _refill(self) -> None:
        now = monotonic()
        self._left = min(BURST, self._left + (now - self._then) * PER_S)
        self._then = now
