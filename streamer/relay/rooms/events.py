"""What happens in the rooms of a relay, for who watches from outside: numbered, and the newest kept.

Each watcher has a queue of its own, of bounded length. Whoever does not read is cut off, and comes back with
the number of the last event that reached it.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from streamer.wire import control

KEPT: Final = 1_000
MAX_KEPT_BYTES: Final = 1_048_576
MAX_QUEUED: Final = 1_000
"""Events that one watcher has not read; they are shared with all others, so they cost a pointer each."""

MAX_WATCHERS: Final = 64
"""More than a house has programs; each costs a task and a connection."""


@dataclass(frozen=True, slots=True)
class Event:
    """`room` is empty where it is about no room; `data` is JSON."""

    number: int
    kind: str
    room: str
    data: str


class Watcher:
    """What one of them is still to read: of `room`, or of all where that is empty."""

    def __init__(self, room: str) -> None:
        self.room = room
        self.is_cut_off = False
        self._queue: deque[Event] = deque()
        self._came = asyncio.Event()

    def put(self, event: Event) -> None:
        if self.room not in ("", event.room):
            return
        if len(self._queue) >= MAX_QUEUED:
            self.is_cut_off = True
        else:
            self._queue.append(event)
        self._came.set()

    def end(self) -> None:
        self.is_cut_off = True
        self._came.set()

    async def wait(self) -> None:
        """Until there is something to take, or nothing will come any more."""
        await self._came.wait()

    def take(self) -> list[Event]:
        """All that there is."""
        taken = list(self._queue)
        self._queue.clear()
        if not self.is_cut_off:
            self._came.clear()
        return taken


class Events:
    """Of one relay."""

    def __init__(self) -> None:
        self.series = secrets.token_hex(4)
        """Of this start of the relay: numbers of another one mean nothing here."""
        self._kept: deque[Event] = deque()
        self._bytes = 0
        self._watchers: set[Watcher] = set()
        self._last = 0

    @property
    def is_watched(self) -> bool:
        return bool(self._watchers)

    def add(self, kind: str, room: str, fields: Mapping[str, object]) -> None:
        self._last += 1
        event = Event(self._last, kind, room, control.serialize({"room": room, **fields} if room else fields))
        self._kept.append(event)
        self._bytes += len(event.data)
        while len(self._kept) > KEPT or self._bytes > MAX_KEPT_BYTES:
            self._bytes -= len(self._kept.popleft().data)
        for watcher in self._watchers:
            watcher.put(event)

    def watch(self, room: str, after: str = "") -> Watcher | None:
        """One that begins behind the event with the id `after`, or now; None where there are too many."""
        if len(self._watchers) >= MAX_WATCHERS:
            return None
        watcher = Watcher(room)
        for event in self._missed(after):
            watcher.put(event)
        self._watchers.add(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)

    def end(self) -> None:
        """For all who watch: the relay goes."""
        for watcher in self._watchers:
            watcher.end()

    def id_of(self, event: Event) -> str:
        return f"{self.series}-{event.number}"

    def has_lost(self, after: str) -> bool:
        """True if something behind `after` is not known any more: whoever watches must look at everything
        anew."""
        number = self._number(after)
        first = self._kept[0].number if self._kept else self._last + 1
        return bool(after) and (number is None or number + 1 < first)

    def _missed(self, after: str) -> list[Event]:
        number = self._number(after)
        return [event for event in self._kept if event.number > number] if number is not None else []

    def _number(self, event_id: str) -> int | None:
        series, _, number = event_id.partition("-")
        is_ours = series == self.series and number.isascii() and number.isdigit() and len(number) < 16
        return int(number) if is_ours else None


def without_type(message: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a control message, as an event tells them."""
    return {name: value for name, value in message.items() if name != "type"}
