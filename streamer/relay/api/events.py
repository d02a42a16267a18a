"""`/events`: what happens, as server-sent events (WHATWG HTML, section 9.2), for dashboards."""

import asyncio
from collections import Counter
from time import monotonic
from typing import Final

from aiohttp import web

from streamer.errors import RefusedError
from streamer.relay.access.sanitize import check_room_name
from streamer.relay.api.callers import Caller, Callers
from streamer.relay.network.visitor import visitor_of
from streamer.relay.rooms.events import Event, Events, Watcher

MAX_OF_CALLER: Final = 8
BEAT_S: Final = 15.0
"""Between two lines: proxies end what is silent for a minute."""

LOOK_S: Final = 1.0
"""A revoked token gets events for at most this long, and who has gone holds a place."""

WRITE_S: Final = 10.0
"""A watcher that does not read for so long is let go; it gets what it missed when it comes back."""

_MISSED: Final = (
    'event: missed\ndata: {"message":"some events are not known any more: look at the rooms again"}\n\n'
)
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Accel-Buffering": "no",
}


class EventsApi:
    def __init__(self, callers: Callers, events: Events) -> None:
        self._callers = callers
        self._events = events
        self._open: Counter[str] = Counter()

    def add_to(self, router: web.UrlDispatcher, prefix: str) -> None:
        router.add_get(f"{prefix}/events", self._stream, allow_head=False)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        caller = self._callers.caller(request)
        room = check_room_name(request.query["room"]) if request.query.get("room") else caller.room
        caller.check("read", room)
        after = request.headers.get("Last-Event-ID", "")[:64]
        watcher = self._events.watch(room, after) if self._open[caller.id] < MAX_OF_CALLER else None
        if watcher is None:
            raise RefusedError(
                "there are too many watchers already: close another stream", status=429, code="too-many"
            )
        self._open[caller.id] += 1
        try:
            return await self._write_all(request, caller, watcher, after)
        finally:
            self._events.leave(watcher)
            self._open[caller.id] -= 1
            self._open += Counter()  # forgets those that have none

    async def _write_all(
        self, request: web.Request, caller: Caller, watcher: Watcher, after: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=_HEADERS)
        response.content_type = "text/event-stream"
        visitor = visitor_of(request)
        await response.prepare(request)
        if visitor:
            visitor.pass_on()
        begin = "retry: 2000\n: hello\n\n"
        if self._events.has_lost(after):
            begin += _MISSED
        written_at = monotonic()
        text = begin
        while request.transport and not watcher.is_cut_off and self._callers.is_good(caller):
            if text:
                try:
                    async with asyncio.timeout(WRITE_S):
                        await response.write(text.encode())
                except (TimeoutError, ConnectionError):
                    break
                written_at = monotonic()
            text = await self._next(watcher) or (
                ": still here\n\n" if monotonic() - written_at > BEAT_S else ""
            )
        if request.transport:
            request.transport.abort()  # it has not read, or may not: nothing more is owed
        return response

    async def _next(self, watcher: Watcher) -> str:
        try:
            async with asyncio.timeout(LOOK_S):
                await watcher.wait()
        except TimeoutError:
            return ""
        return "".join(map(self._written, watcher.take()))

    def _written(self, event: Event) -> str:
        return f"id: {self._events.id_of(event)}\nevent: {event.kind}\ndata: {event.data}\n\n"
