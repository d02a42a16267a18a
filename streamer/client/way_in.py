"""Into a room for a program that nobody attends: its log says why it is not in, and when it is lost and
back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from streamer.client.events import Back, Event, Lost, Trouble
from streamer.client.mailbox import Mailbox
from streamer.client.room import Room
from streamer.client.unattended import Remarks
from streamer.terminal_text import one_line

_LOST = "Lost the relay. Trying again until it can be reached"


@asynccontextmanager
async def entered(room: Room, tell: Callable[[str], None], lost: str = _LOST) -> AsyncIterator[None]:
    """`async with room`; `tell` gets a line for each trouble, on the way in, too, each loss, and each way
    back."""
    following = asyncio.ensure_future(_follow(room.events(), Remarks(tell), lost))
    try:
        async with room:
            yield
    finally:
        following.cancel()
        # What ended the room is told by whoever stays in it.
        await asyncio.gather(following, return_exceptions=True)


async def _follow(events: Mailbox[Event], remark: Callable[[str], None], lost: str) -> None:
    async for event in events:
        match event:
            case Lost():
                remark(lost)
            case Back():
                remark("The relay is there again")
            case Trouble(text):
                remark(one_line(text))
