"""The transport of a leg that runs over HTTP requests (PROTOCOL.md, Over plain HTTP).

The leg is a `Socket` like all others: it writes here what it would write to its connection, and is fed what
came in requests. So checks, limits, shedding and close codes are the socket's own. What goes out is kept for
a while, since a proxy may cut a response where it likes.

    between two responses: paused ── a response begins ──→ written to it ── it ends, or is cut ──→ paused
                              └── LOST_AFTER_S without one ──→ lost
"""

import asyncio
import os
import secrets
from binascii import b2a_base64
from collections import Counter
from time import monotonic
from typing import Any, Final

from streamer.errors import RefusedError
from streamer.relay.http.journal import Journal
from streamer.relay.http.upgrade import is_plain
from streamer.relay.network.visitor import Visitor
from streamer.relay.rooms.socket import Socket

LOST_AFTER_S: Final = 3.0
"""Without a response to write to. A client that hears nothing for 2.5 s gives up by itself."""
KEPT_BYTES: Final = 262_144
"""For a response that was cut: three seconds of ten talkers."""
GATHER_S: Final = 0.02
"""From one answer to a question to the next: two packets of one talker, and 50 requests a second."""
MAX_CONNECTIONS: Final = 4
"""That one client keeps open beside its stream: browsers have six to a relay."""
LINGER_S: Final = 5.0
"""After a WebSocket took over: the rest of a response may still be asked for, and a request come twice."""
LINE_BYTES: Final = 384
"""Of a stream of events: 512 characters. What a proxy cuts off in the middle of a line is sent again."""
ALIVE: Final = b"\x8a\x00"
"""An unsolicited pong (RFC 6455, section 5.5.3): tells a client, and proxies, that this response goes on."""
TAKEN_OVER: Final = b"\x82\x08"
"""The header of the binary message with the position (8 bytes) where a WebSocket goes on."""


class Stream(asyncio.Protocol):
    """A response that goes on; nothing is expected from its other end."""

    def __init__(self, carrier: "Carrier", transport: asyncio.Transport) -> None:
        self.transport = transport
        self._carrier = carrier
        peer = transport.get_extra_info("socket")
        can_write = os.name == "posix" and peer is not None and is_plain(transport)
        self._fd = peer.fileno() if can_write else -1

    def write(self, data: bytes) -> None:
        """Straight to the socket where that is possible, as a WebSocket's frames go: half as expensive."""
        transport = self.transport
        if self._fd >= 0 and not transport.get_write_buffer_size() and not transport.is_closing():
            try:
                written = os.write(self._fd, data)
            except OSError:  # full, or broken: the transport finds out
                written = 0
            if written == len(data):
                return
            data = data[written:]
        transport.write(data)

    def data_received(self, data: bytes) -> None:
        """Dropped: a client that sends another request behind this one gets no answer to it."""

    def pause_writing(self) -> None:
        self._carrier.on_full(self)

    def resume_writing(self) -> None:
        self._carrier.on_room(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._carrier.end_stream(self)


class EventStream(Stream):
    """The same in lines of text, each with some bytes in base64 (HTML, section 9.2: server-sent events)."""

    def write(self, data: bytes) -> None:
        pieces = (data[at : at + LINE_BYTES] for at in range(0, len(data), LINE_BYTES))
        super().write(b"".join(b"data: " + b2a_base64(piece) + b"\n" for piece in pieces))


class Carrier(asyncio.Transport):
    """Made with `socket`, which it then attaches. `counts` is all carriers' together."""

    def __init__(self, socket: Socket, counts: Counter[str]) -> None:
        super().__init__()
        self.id = secrets.token_urlsafe(16)
        self.socket = socket
        self.is_over = False
        self.is_taken_over = False
        self.received = 0
        """The position of what the client sends next."""
        self._loop = asyncio.get_running_loop()
        self._counts = counts
        self._sent = Journal(KEPT_BYTES)
        self._stream: Stream | None = None
        self._leaving: Stream | None = None
        """The one before, which still writes its rest."""
        self._question: asyncio.Future[None] | None = None
        self._will_answer = False
        self._answered_at = 0.0
        self._is_reading = True
        self._wrote = False
        self._visitors: list[Visitor] = []
        self._lost: asyncio.TimerHandle | None = self._loop.call_later(LOST_AFTER_S, self._lose)

    # what the socket calls

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The response's own are set when it begins."""

    def get_write_buffer_size(self) -> int:
        """Not 0 where nothing may be written now."""
        if self._stream:
            return self._stream.transport.get_write_buffer_size()
        return 0 if self._question else 1

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._stream.transport.get_extra_info(name, default) if self._stream else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert isinstance(data, bytes)
        self._sent.add(data)
        self._wrote = True
        if self._stream:
            self._stream.write(data)
        elif self._question and not self._will_answer:
            self._will_answer = True
            self._loop.call_later(
                max(0.0, self._answered_at + GATHER_S - monotonic()), _settle, self._question
            )

    def can_write_eof(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self._is_reading = False

    def resume_reading(self) -> None:
        self._is_reading = True

    def is_closing(self) -> bool:
        return self.is_over

    def close(self) -> None:
        self._end(is_orderly=True)

    def abort(self) -> None:
        self._end(is_orderly=False)

    # what requests bring

    def use(self, visitor: Visitor) -> None:
        """This connection is the client's; one too many ends the oldest."""
        if visitor not in self._visitors:
            self._visitors = [each for each in self._visitors if not each.is_gone]
            self._visitors.append(visitor)
        if len(self._visitors) > MAX_CONNECTIONS:
            self._visitors.pop(0).end()

    def take(self, at: int, body: bytes) -> None:
        """Frames that begin at position `at`. Raises RefusedError `gap`."""
        if at > self.received:
            self._counts["gap"] += 1
            raise RefusedError(
                f"bytes are missing: the next ones are at {self.received}", status=409, code="gap"
            )
        new = body[self.received - at :]
        if len(new) < len(body):
            self._counts["repeated"] += 1
        self.received += len(new)
        if new and self._is_reading:
            self.socket.data_received(new)

    def acknowledge(self, position: int) -> None:
        self._sent.forget(position)

    def keeps(self, position: int) -> bool:
        """True if what comes from `position` on is there to be sent."""
        return self._sent.start <= position <= self._sent.end

    def check_kept(self, position: int) -> None:
        """Raises RefusedError `gap` where what comes from `position` on is not there to be sent."""
        if not self.keeps(position):
            self._counts["gap"] += 1
            raise RefusedError("what is asked for is no longer available", status=409, code="gap")

    def stream_to(
        self, transport: asyncio.Transport, head: bytes, position: int, *, as_events: bool = False
    ) -> None:
        """Write from `position` on, behind `head`, to `transport`, which is the carrier's from now on."""
        self.check_kept(position)
        self._sent.forget(position)
        rest = self._sent.since(position) or b""
        self._leave_response()
        stream = (EventStream if as_events else Stream)(self, transport)
        transport.set_protocol(stream)
        transport.set_write_buffer_limits(0)
        transport.write(head)
        if self.is_over or self.is_taken_over:
            stream.write(rest)
            self._stream = stream
            self._let_go()
            return
        stream.write(rest + self._alive())
        self._stream = stream
        self._begin_response()

    async def answer(self, position: int, wait_s: float) -> bytes:
        """What there is from `position` on; waits for something at most `wait_s`."""
        self.check_kept(position)
        self._sent.forget(position)
        self._leave_response()
        if self._sent.end == position and not self.is_over and not self.is_taken_over:
            await self._wait_for_frames(wait_s)
        self._answered_at = monotonic()
        return self._sent.since(position) or b""

    async def _wait_for_frames(self, wait_s: float) -> None:
        self._question = question = self._loop.create_future()
        self._will_answer = False
        self._begin_response()
        try:
            async with asyncio.timeout(wait_s):
                await question
        except TimeoutError:
            pass
        finally:
            if self._question is question:
                self._question = None
                self._wait_for_response()

    def take_over(self, transport: asyncio.Transport, *, is_direct: bool) -> None:
        """Go on over a WebSocket; the response that is under way ends with what was written before."""
        self.is_taken_over = True
        self._counts["taken_over"] += 1
        transport.write(TAKEN_OVER + self._sent.end.to_bytes(8, "big"))
        transport.set_protocol(self.socket)
        self.socket.move(transport, is_direct=is_direct)
        self._stop_waiting()
        self._let_go()
        _settle(self._question)

    # the response

    def keep_alive(self) -> None:
        """Once a second."""
        if self._stream and not self._wrote and not self._stream.transport.get_write_buffer_size():
            self._stream.write(self._alive())
        self._wrote = False

    def _alive(self) -> bytes:
        self._sent.add(ALIVE)
        return ALIVE

    def on_full(self, stream: Stream) -> None:
        if stream is self._stream:
            self.socket.pause_writing()

    def on_room(self, stream: Stream) -> None:
        if stream is self._stream:
            self.socket.resume_writing()

    def end_stream(self, stream: Stream) -> None:
        if stream is self._leaving:
            self._leaving = None
        if stream is self._stream:
            self._counts["cut"] += 1
            self._stream = None
            self._wait_for_response()

    def _leave_response(self) -> None:
        """A newer one takes its place."""
        self._let_go()
        question, self._question = self._question, None
        _settle(question)

    def _let_go(self) -> None:
        """Who does not read has its connection for a while at most, and no second one beside it."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        if self._leaving:
            self._cut_off(self._leaving)
        self._leaving = stream
        stream.transport.close()
        self._loop.call_later(LINGER_S, self._cut_off, stream)

    def _cut_off(self, stream: Stream) -> None:
        if stream is self._leaving:  # a transport that has ended takes no second end
            stream.transport.abort()

    def _begin_response(self) -> None:
        self._stop_waiting()
        self.socket.move(self)

    def _wait_for_response(self) -> None:
        if self.is_over or self.is_taken_over:
            return
        self._stop_waiting()
        self._lost = self._loop.call_later(LOST_AFTER_S, self._lose)
        self.socket.move(self)  # to nowhere: it waits, and voice grows old

    def _stop_waiting(self) -> None:
        if self._lost:
            self._lost.cancel()
            self._lost = None

    def _lose(self) -> None:
        self._counts["lost"] += 1
        self.abort()

    def _end(self, *, is_orderly: bool) -> None:
        if self.is_over:
            return
        self.is_over = True
        self._stop_waiting()
        if is_orderly:
            self._let_go()
        elif self._stream:
            self._stream.transport.abort()
            self._stream = None
        _settle(self._question)
        if not self.is_taken_over:
            self._loop.call_soon(self.socket.connection_lost, None)


def _settle(question: asyncio.Future[None] | None) -> None:
    if question and not question.done():
        question.set_result(None)
