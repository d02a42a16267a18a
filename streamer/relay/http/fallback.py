"""Legs over plain HTTP, where no WebSocket gets through (PROTOCOL.md, Over plain HTTP): their requests.

A request that names a leg is its member's, who was let in when the leg was opened. So it does not wait with
strangers, and the member's own limits hold. The URLs are relative to that of the WebSocket, wherever a proxy
puts that.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Final

from aiohttp import web

from streamer.errors import RefusedError
from streamer.relay.access.rate_limit import LeakyBucket
from streamer.relay.background import surviving
from streamer.relay.http.carrier import LINGER_S, MAX_CONNECTIONS, Carrier
from streamer.relay.http.upgrade import accept_key, begin_websocket, is_plain, take_over
from streamer.relay.network.visitor import Visitor, visitor_of
from streamer.relay.rooms.socket import Socket
from streamer.wire.close_codes import TOO_FAST
from streamer.wire.names import SUBPROTOCOL

PATH: Final = "/leg"
MAX_BATCH_BYTES: Final = 65_536
"""A quarter of what a member may send in a second, at once."""
MAX_WAIT_MS: Final = 2_000
"""A client that hears nothing for 2.5 s gives up."""
REQUESTS: Final = 300
REQUESTS_PER_S: Final = 150
"""A client makes a hundred: it asks and sends at most every 20 ms."""
LONGEST_NUMBER: Final = 18
"""Digits of a position: what a leg sends in a million years."""
GO: Final = b"\x82\x88"
"""How the binary message of 8 bytes begins with which a WebSocket takes over, masked."""
GO_BYTES: Final = 14
EVENTS: Final = (
    *("opened", "streams", "event_streams", "questions", "batches", "repeated"),
    *("gap", "gone", "cut", "lost", "taken_over"),
)

_NEVER_STORED: Final = {"Cache-Control": "no-store, no-transform"}
_STREAM_HEAD: Final = {
    **_NEVER_STORED,
    "Connection": "close",
    "X-Accel-Buffering": "no",
}
"""Of a response that ends with its connection: HTTP/1.0, which some proxies speak, has no other. nginx has
the last."""


class Fallback:
    """`admit` returns the socket of who may come in, `entered` is told that it is attached.

    `headers` are those of any answer.
    """

    def __init__(
        self,
        admit: Callable[[web.Request], Socket],
        entered: Callable[[Socket], None],
        headers: Callable[[str | None], Mapping[str, str]],
    ) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys(EVENTS, 0))
        self._admit = admit
        self._entered = entered
        self._headers = headers
        self._carriers: dict[str, Carrier] = {}
        self._requests: dict[str, LeakyBucket] = {}

    @property
    def legs(self) -> int:
        """How many legs run over HTTP now."""
        return sum(not each.is_over and not each.is_taken_over for each in self._carriers.values())

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_post(PATH, self._post)
        router.add_get(PATH, self._get, allow_head=False)

    def claim(self, request: web.Request, visitor: Visitor | None) -> bool:
        """True if `request` is of a leg that runs over HTTP; it counts as one more of its own, however it
        ends."""
        carrier = self._carriers.get(request.query.get("leg", "")) if request.path == PATH else None
        if carrier:
            self.note_use(carrier, visitor)
        return carrier is not None

    def tick(self) -> None:
        """Once a second."""
        for carrier in list(self._carriers.values()):
            with surviving("the tick of a leg over HTTP"):
                if carrier.is_over:
                    self._forget(carrier)
                else:
                    carrier.keep_alive()

    async def _post(self, request: web.Request) -> web.StreamResponse:
        if "leg" not in request.query:
            return self._open(request)
        carrier = self._carrier(request)
        at, received = _number(request, "at"), _number(request, "from")
        body = self.take(carrier, at, received, await _batch(request))
        return web.Response(body=body, content_type="application/json", headers=_NEVER_STORED)

    def take(self, carrier: Carrier, at: int, received: int, batch: bytes) -> bytes:
        """A batch that begins at position `at`. Returns what its sender is told; raises RefusedError
        `gap`."""
        self.counts["batches"] += 1
        carrier.acknowledge(received)
        if not carrier.is_over:
            carrier.take(at, batch)
        return b'{"at": %d}' % carrier.received

    async def ask(self, carrier: Carrier, position: int, wait_ms: int) -> bytes:
        """What there is from `position` on. Raises RefusedError `gap`."""
        self.counts["questions"] += 1
        return await carrier.answer(position, min(wait_ms, MAX_WAIT_MS) / 1000)

    def _open(self, request: web.Request) -> web.StreamResponse:
        socket = self._admit(request)
        socket.files = 1 + MAX_CONNECTIONS
        carrier = Carrier(socket, self.counts)
        socket.attach(carrier)
        self._entered(socket)
        self._carriers[carrier.id] = carrier
        self._requests[carrier.id] = LeakyBucket(REQUESTS, REQUESTS_PER_S)
        self.counts["opened"] += 1
        response = web.json_response({"leg": carrier.id}, status=201, headers=_NEVER_STORED)
        response.force_close()  # so that its batches have a connection of their own, with a shortcut
        return response

    async def _get(self, request: web.Request) -> web.StreamResponse:
        carrier, position = self._carrier(request), _number(request, "from")
        if "wait" not in request.query:
            return self._stream(request, carrier, position)
        body = await self.ask(carrier, position, _number(request, "wait"))
        return web.Response(body=body, headers=_NEVER_STORED)

    def _stream(self, request: web.Request, carrier: Carrier, position: int) -> web.StreamResponse:
        carrier.check_kept(position)
        visitor = visitor_of(request)
        transport, _ = take_over(request)
        as_events = "events" in request.query
        content = {"Content-Type": "text/event-stream" if as_events else "application/octet-stream"}
        head = {**self._headers(request.headers.get("Origin")), **_STREAM_HEAD, **content}
        lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in head.items())]
        carrier.stream_to(transport, "\r\n".join([*lines, "", ""]).encode(), position, as_events=as_events)
        transport.resume_reading()
        if visitor:
            visitor.pass_on()
        self.counts["event_streams" if as_events else "streams"] += 1
        return web.Response()  # which nobody reads

    def take_over(self, request: web.Request) -> web.StreamResponse:
        """Answer a WebSocket that wants to go on with a leg. Raises RefusedError."""
        carrier = self._carrier(request)
        self.note_use(carrier, visitor_of(request))
        if carrier.is_over or carrier.is_taken_over:
            raise _gone()
        accept = accept_key(request)
        visitor = visitor_of(request)
        transport, early = take_over(request)
        begin_websocket(transport, accept, SUBPROTOCOL)
        successor = Successor(carrier, transport, visitor, self._linger)
        transport.set_protocol(successor)
        transport.resume_reading()
        successor.data_received(early.data)
        return web.Response(status=101)

    def _carrier(self, request: web.Request) -> Carrier:
        """Raises RefusedError `no-leg`."""
        carrier = self._carriers.get(request.query.get("leg", ""))
        if carrier is None:
            self.counts["gone"] += 1
            raise _gone()
        return carrier

    def find(self, leg: str) -> Carrier | None:
        """The leg that runs by this id."""
        carrier = self._carriers.get(leg)
        return carrier if carrier and not carrier.is_over else None

    def note_use(self, carrier: Carrier, visitor: Visitor | None) -> None:
        """It asks once more; one that asks too often is closed."""
        if not self._requests[carrier.id].try_take(monotonic()):
            carrier.socket.close(TOO_FAST, "too-fast")
        if visitor:
            carrier.use(visitor)

    def _linger(self, carrier: Carrier) -> None:
        asyncio.get_running_loop().call_later(LINGER_S, self._forget, carrier)

    def _forget(self, carrier: Carrier) -> None:
        self._carriers.pop(carrier.id, None)
        self._requests.pop(carrier.id, None)


class Successor(asyncio.Protocol):
    """A WebSocket before it takes over: until its first message says that it gets through."""

    def __init__(
        self,
        carrier: Carrier,
        transport: asyncio.Transport,
        visitor: Visitor | None,
        on_taken_over: Callable[[Carrier], None],
    ) -> None:
        self._carrier = carrier
        self._transport = transport
        self._visitor = visitor
        self._on_taken_over = on_taken_over
        self._came = b""

    def data_received(self, data: bytes) -> None:
        self._came += data
        if not GO.startswith(self._came[: len(GO)]) or len(self._came) > GO_BYTES:
            self._transport.abort()
        elif len(self._came) == GO_BYTES:
            self._take_over()

    def _take_over(self) -> None:
        if self._carrier.is_over or self._carrier.is_taken_over:
            self._transport.abort()
            return
        if self._visitor:
            self._visitor.pass_on()
        self._carrier.take_over(self._transport, is_direct=is_plain(self._transport))
        self._on_taken_over(self._carrier)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._visitor:
            self._visitor.pass_on()


def _gone() -> RefusedError:
    return RefusedError("there is no connection with this id: join again", status=404, code="no-leg")


def as_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER else None


def _number(request: web.Request, name: str) -> int:
    number = as_number(request.query.get(name, ""))
    if number is None:
        raise RefusedError(f"`{name}` is not a number of bytes, or is absent", status=400, code="bad-request")
    return number


async def _batch(request: web.Request) -> bytes:
    """Raises RefusedError `too-big`, or for a body that ends early."""
    batch = b""
    try:
        while piece := await request.content.readany():
            batch += piece
            if len(batch) > MAX_BATCH_BYTES:
                message = f"a batch of frames is at most {MAX_BATCH_BYTES} bytes long"
                raise RefusedError(message, status=413, code="too-big")
        return batch
    except RuntimeError:  # aiohttp's word for a peer that is gone
        raise RefusedError("the batch ended early", status=400, code="bad-request") from None
