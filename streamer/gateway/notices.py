"""What devices want the room to know: it waits while the room is away, and is told late rather than never.

Each is told once; only where the connection broke before the relay answered may it be told twice.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final

from streamer.client.events import Reply
from streamer.client.room import Room
from streamer.client.unattended import Remarks
from streamer.errors import ConnectionLostError, DeniedError
from streamer.gateway.fair_queue import FairQueue
from streamer.gateway.payloads import DeviceNotice
from streamer.wire.control import MAX_CHAT_CHARACTERS, MAX_TITLE_CHARACTERS

MAX_WAITING: Final = 100
"""As many as a relay remembers; whoever comes to a hundred notices reads none of them. A device that says
more loses its own, not those of others."""

LATE_S: Final = 10.0
"""What is told later than this says so, for it may no longer be true."""

_AGAIN_S: Final = 1.0
"""Before the next try, when the relay lets nobody write so fast, or is away."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """`device` is empty for what did not come from one."""

    device: str
    notice: DeviceNotice
    came_s: float


class Notices:
    """`put` takes what to tell; `run` tells it to a room, as long as there is one. `tell` gets a line for the
    log."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = monotonic) -> None:
        self._remarks = Remarks(tell)
        self._clock = clock
        self._waiting = FairQueue[Waiting](MAX_WAITING)
        self._has_some = asyncio.Event()
        self._lost = 0
        self._asked: OrderedDict[int, tuple[str, str]] = OrderedDict()

    def put(self, device: str, notice: DeviceNotice) -> None:
        left_out = self._waiting.put(device, Waiting(device, notice, self._clock()))
        self._lost += left_out is not None
        self._has_some.set()

    def asker(self, reply: Reply) -> tuple[str, str] | None:
        """The device whose notice was answered, and what it calls the notice itself."""
        return self._asked.get(reply.id)

    async def run(self, room: Room) -> None:
        while True:
            await self._has_some.wait()
            while self._waiting:
                waiting = self._waiting.first
                if not await self._tell_room(room, waiting):
                    await asyncio.sleep(_AGAIN_S)
                elif self._waiting and self._waiting.first is waiting:
                    self._waiting.pop()
            self._has_some.clear()

    async def _tell_room(self, room: Room, waiting: Waiting) -> bool:
        """Returns False if the caller should try again."""
        notice = waiting.notice
        try:
            sent = await room.notify(
                self._text(waiting),
                title=(notice.title or waiting.device)[:MAX_TITLE_CHARACTERS],
                level=notice.level,
                sound=notice.sound,
                actions=notice.actions,
            )
        except ConnectionLostError:
            return False
        except DeniedError as error:
            self._remarks(f"The room did not take a notice: {error}")
            return error.code != "too-fast"
        self._remarks.forget()
        self._lost = 0
        self._asked[sent.id] = waiting.device, notice.id
        if len(self._asked) > MAX_WAITING:
            self._asked.popitem(last=False)
        return True

    def _text(self, waiting: Waiting) -> str:
        late_s = self._clock() - waiting.came_s
        remarks = f" ({late_s:.0f} s ago)" if late_s > LATE_S else ""
        remarks += f" ({self._lost} notices before this one were lost)" if self._lost else ""
        return waiting.notice.text[: MAX_CHAT_CHARACTERS - len(remarks)] + remarks
