"""A connection that is not a member yet, from its acceptance to its `101` or to its end.

It stands between the transport and aiohttp's protocol. So there is one deadline that nothing extends, whether
the peer is in TLS's handshake, sends a header letter by letter, leaves a body unfinished, does not read its
answer, or keeps the connection for later; and no request makes us hold more than its share of memory.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Self, cast

from aiohttp import web

from streamer.relay.access.source import plain_address, source_of
from streamer.relay.network.turnstile import Turnstile

MAX_FIELD_BYTES: Final = 98_304
"""A header's length. Cookies are not kept apart by port, so we are sent those of every program at this
host."""
MAX_REQUEST_BYTES: Final = 131_072
"""All of a request, so that 256 strangers hold 32 MB at most; what comes beyond is dropped."""
MAX_DROPPED_BYTES: Final = 16_777_216
"""Read anyway, so that the peer reads why it is refused; not more, because reading costs time."""
MAX_HELD_BYTES: Final = 524_288
"""Of a long body, until it is known whether it may be so long: one or two reads."""
FRESH: Final = 1 / 3
"""Of its time: so long may it begin other requests, and so long is it kept unused; so each has a third
left."""


class Visitor(asyncio.Protocol):
    """Has `seconds` from now on; `on_gone` is called once, when it gives up its place.

    `on_moved` is called when its address turns out to be another one, which a proxy tells.
    """

    def __init__(
        self,
        address: str,
        seconds: float,
        turnstile: Turnstile,
        on_gone: Callable[["Visitor"], None],
        on_moved: Callable[["Visitor", str], None] | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.peer = plain_address(address)
        """Where the connection comes from: a proxy passes on the requests of many through one."""
        self.address = self.peer
        """Whose request it is now; limits count it for that address."""
        self.source = source_of(address)
        self.shaking_hands: asyncio.Task[None] | None = None
        self._turnstile = turnstile
        self._on_gone = on_gone
        self._on_moved = on_moved
        self._has_place = True
        self._seconds = seconds
        self._deadline = loop.call_later(seconds, self.end)
        self._fresh_s = seconds * FRESH
        self._fresh_until = loop.time() + self._fresh_s
        self._unused: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._http: asyncio.Protocol | None = None
        self._request_bytes = 0
        self._most_bytes = MAX_REQUEST_BYTES
        self._held: bytearray | None = bytearray()
        self._is_torn = False
        """Bytes were dropped, so that nobody knows where a next request would begin."""
        self._is_begun = False
        self._is_gone = False

    @property
    def is_gone(self) -> bool:
        return self._is_gone

    @property
    def is_fresh(self) -> bool:
        return not self._is_torn and asyncio.get_running_loop().time() < self._fresh_until

    def connects_from(self, address: str) -> None:
        """What the header of the PROXY protocol says, before anything else is read."""
        self.peer = plain_address(address)
        self.asks_from(self.peer)

    def asks_from(self, address: str) -> None:
        """What a trusted proxy says of the request that came now."""
        if self._is_gone or address == self.address:
            return
        if self._on_moved:
            self._on_moved(self, address)

    def answered_by(self, make_http: Callable[[], asyncio.Protocol]) -> Self:
        """Whose pages it gets."""
        self._http = make_http()
        return self

    def hand_to(self, http: asyncio.Protocol) -> None:
        """Whose pages it gets from now on, who also takes over the transport."""
        self._http = http

    async def begin_request(self, *, may_be_long: bool = False, is_member: bool = False) -> bool:
        """Wait until it is this request's turn. Is there still somebody to answer?

        Its header has been read: what comes now counts for its body, or for the next one. Of one that
        `may_be_long`, what is too much waits, until `take_long` says that it is not, or the request ends. A
        member's does not wait.
        """
        if is_member:
            self.begin_of_member()
            return not self._is_gone
        self._request_bytes = len(self._held or b"")
        self._most_bytes = MAX_REQUEST_BYTES
        if not may_be_long:
            self._drop_held()
        elif self._held and self._transport:
            self._transport.pause_reading()
        self._is_begun = True
        self._use()
        await self._turnstile.passed(self.source)
        return not self._is_gone

    def begin_of_member(self) -> None:
        """Begin a request of somebody who was let in already."""
        self._request_bytes = len(self._held or b"")
        self._most_bytes = MAX_REQUEST_BYTES
        self._drop_held()
        self._is_begun = True
        self._use()
        self.serve_member()

    def take_long(self, most_bytes: int, seconds: float) -> None:
        """This request may have so many bytes, and that long from now on."""
        loop = asyncio.get_running_loop()
        if not self._is_gone:
            self._deadline.cancel()
            self._deadline = loop.call_later(seconds, self.end)
            self._fresh_until = loop.time()
        self._most_bytes = most_bytes
        held, self._held = self._held, None
        if held and self._http:
            self._http.data_received(bytes(held))
            self._read_on()

    def serve_member(self) -> None:
        """What it asks for is a member's, who has limits of its own: it leaves its place, and has its time
        anew."""
        if self._is_gone:
            return
        loop = asyncio.get_running_loop()
        self._leave_place()
        self._deadline.cancel()
        self._deadline = loop.call_later(self._seconds, self.end)
        self._fresh_until = loop.time() + self._fresh_s

    def end_request(self) -> None:
        """It has its answer: the connection closes where no other request comes soon."""
        self._use()
        if self._held:
            self._read_on()
        self._drop_held()
        self._held = bytearray()
        self._is_begun = False
        if self._transport and not self._is_gone:
            self._unused = asyncio.get_running_loop().call_later(self._fresh_s, self._transport.close)

    def pass_on(self) -> None:
        """The connection is a member's now: this object no longer ends it."""
        self._gone()

    def end(self) -> None:
        """Out, in whatever state it is."""
        self._gone()
        if self.shaking_hands:
            self.shaking_hands.cancel()
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert self._http
        self._transport = cast(asyncio.Transport, transport)
        self._http.connection_made(transport)
        if self._is_gone:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._request_bytes += len(data)
        if self._is_torn:
            self._drop(data)
            return
        self._use()
        if self._request_bytes > self._most_bytes:
            self._take_too_much(data, fitting=self._most_bytes - self._request_bytes + len(data))
            return
        assert self._http
        self._http.data_received(data)

    def _take_too_much(self, data: bytes, fitting: int) -> None:
        """The first bytes may still fit, and have the header in them."""
        if fitting > 0 and not self._held and self._http:
            self._http.data_received(data[:fitting])
            data = data[fitting:]
        if self._held is not None and len(self._held) + len(data) <= MAX_HELD_BYTES:
            self._held += data
            if self._is_begun and self._transport:
                self._transport.pause_reading()
        else:
            self._drop_held()
            self._drop(data)

    def _drop(self, data: bytes) -> None:
        self._is_torn = self._is_torn or bool(data)
        if self._request_bytes > MAX_DROPPED_BYTES:
            self.end()

    def _drop_held(self) -> None:
        held, self._held = self._held, None
        self._is_torn = self._is_torn or bool(held)

    def _read_on(self) -> None:
        """Unless aiohttp has enough for now: it goes on by itself then."""
        if self._transport and not self._transport.is_closing() and not _is_full(self._http):
            self._transport.resume_reading()

    def eof_received(self) -> bool | None:
        return None

    def pause_writing(self) -> None:
        assert self._http
        self._http.pause_writing()

    def resume_writing(self) -> None:
        assert self._http
        self._http.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone()
        if self._http:
            self._http.connection_lost(exc if isinstance(exc, Exception) else None)

    def _use(self) -> None:
        if self._unused:
            self._unused.cancel()
            self._unused = None

    def _gone(self) -> None:
        if self._is_gone:
            return
        self._is_gone = True
        self._use()
        self._deadline.cancel()
        self._leave_place()

    def _leave_place(self) -> None:
        if self._has_place:
            self._has_place = False
            self._on_gone(self)


def visitor_of(request: web.BaseRequest) -> Visitor | None:
    """Returns the visitor that sent `request`; None if its connection has another listener, or is gone."""
    transport = request.transport
    protocol = transport.get_protocol() if transport else None
    return protocol if isinstance(protocol, Visitor) else None


def _is_full(http: asyncio.Protocol | None) -> bool:
    """True if aiohttp itself has stopped reading."""
    return any(getattr(http, name, False) for name in ("_reading_paused", "_buffer_paused"))
