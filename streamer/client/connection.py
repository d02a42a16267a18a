"""The connection to a relay, by the relay's own code in the other role: every frame masked with a fresh key.

It keeps nothing stale: a packet that the network can't take in time is shed here, at the start of its way,
and the kernel is asked to hold little. What comes is handed on by plain calls.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic_ns, perf_counter
from typing import Final, Self

from streamer.client.handshake import LegRequests, Opened, shake_hands
from streamer.client.http_transport import RETRY_S, HttpTransport
from streamer.errors import (
    ConnectionLostError,
    ControlError,
    ProtocolError,
    SentAwayError,
    StreamerError,
    TooBigError,
)
from streamer.websocket.budget import Limits
from streamer.websocket.connection import Connection
from streamer.websocket.sink import Flusher
from streamer.websocket.tcp_options import hold_little
from streamer.wire import close_codes, control
from streamer.wire.control import FROM_RELAY, MAX_WELCOME_BYTES
from streamer.wire.messages import FromClient, FromRelay
from streamer.wire.room_link import Address

OnPacket = Callable[[bytes, float], None]
OnControl = Callable[[FromRelay, float], None]

SILENT_S: Final = 2.5
"""A relay is pinged after every second in which it said nothing, so one that says nothing this long is
gone."""

WELCOME_S: Final = 20.0
"""For a relay that has accepted the connection to let us in, pings or not. A busy one takes a second or
two."""

_PING_S: Final = 1.0
_CLOSE_S: Final = 1.0
_TICK_S: Final = 0.25
"""A ping after a second without a word, a second for the goodbye; both are looked at four times a second."""

_DEADLINE_MS: Final = 120
"""As the relay's `--deadline-ms`: voice that waited longer is stale."""

_LIMITS: Final = Limits(
    max_message_bytes=MAX_WELCOME_BYTES,
    messages_per_s=100_000,
    ping_s=_PING_S,
    idle_s=SILENT_S,
    close_s=_CLOSE_S,
)

_ECHO_WANTED: Final = "echo-wanted"
"""Whoever came back would send the next visitor of the room echo away."""

_ENDS: Final = {
    close_codes.GOING_AWAY: "The relay is shutting down",
    close_codes.LOST: "The connection to the relay was lost",
    close_codes.TOO_BIG: "The relay found a message from this client too long",
    close_codes.FAILED: "The relay failed",
    close_codes.BAD_MESSAGE: "The relay did not understand this client",
    close_codes.REMOVED: "You are no longer admitted to this room",
    close_codes.IDLE: "The relay heard nothing from this client for too long",
    close_codes.REPLACED: "You joined again from elsewhere",
    close_codes.TOO_FAST: "The relay disconnected this client because it sent too much",
}


class Link(Connection, asyncio.Protocol):
    """One connection: `await Link.open(...)`, then `run`; `leave` in any case. `now` is perf_counter() in
    seconds."""

    def __init__(self, opened: Opened) -> None:
        super().__init__(
            Flusher(asyncio.get_running_loop(), deadline_ms=_DEADLINE_MS), _LIMITS, is_client=True
        )
        self._error: Exception | None = None
        self._ended = asyncio.Event()
        self._gone = asyncio.Event()
        self._is_in = False
        self._early = opened.early
        self._transport = opened.transport
        self.address = opened.address
        self.close_code = 0
        """Why it ended; 0 while it is open."""
        self.socket_since: float | None = perf_counter()
        """When it got its WebSocket; None while it runs over plain HTTP."""
        opened.transport.set_protocol(self)
        self._hold_little()
        self.attach(opened.transport, is_direct=not opened.is_secure)

    @classmethod
    async def open(
        cls,
        address: Address,
        *,
        name: str = "",
        ca_file: Path | None = None,
        resume: str = "",
        attempt: int = 0,
    ) -> Self:
        """Raises RefusedError, ConnectionLostError, CertificateError or ProtocolError, each in words for
        people."""
        return cls(await shake_hands(address.socket_url(name, resume, attempt), address, ca_file))

    @classmethod
    async def open_over_http(
        cls,
        address: Address,
        *,
        name: str = "",
        ca_file: Path | None = None,
        resume: str = "",
        attempt: int = 0,
        retry_s: float = RETRY_S,
    ) -> Self:
        """Where no WebSocket gets through; one is tried every `retry_s`. Raises as `open` does."""
        requests = await LegRequests.open(address.socket_url(name, resume, attempt), address, ca_file)

        async def open_socket(url: str) -> Opened:
            return await shake_hands(url, requests.address, ca_file)

        transport = HttpTransport(requests, open_socket, retry_s)
        link = cls(Opened(transport, b"", is_secure=True, address=requests.address))
        link.socket_since = None
        return link

    def go_on_over(self, opened: Opened) -> None:
        """Leave the requests for a WebSocket. Nobody sees a difference, but in the delay."""
        self._transport = opened.transport
        self.socket_since = perf_counter()
        self._hold_little()
        opened.transport.set_protocol(self)
        self.move(opened.transport, is_direct=not opened.is_secure)
        if opened.early:
            self.data_received(opened.early)

    def _hold_little(self) -> None:
        peer = self._transport.get_extra_info("socket")
        if peer is not None:
            hold_little(peer)

    @property
    def shed(self) -> int:
        """Packets that the network did not take in time."""
        return self.flusher.traffic.shed_late

    async def run(self, on_packet: OnPacket, on_control: OnControl) -> None:
        """Hands on what comes until the relay closes: returns after 1000, else raises ConnectionLostError."""
        self._on_packet, self._on_control = on_packet, on_control
        began = perf_counter()
        if self._early:
            self.data_received(self._early)
        self._transport.resume_reading()
        while not self._ended.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._ended.wait()
            self.tick(monotonic_ns() // 1000)
            if not self._is_in and perf_counter() - began > WELCOME_S:
                self._end(
                    ConnectionLostError(f"The relay answers, but did not let us in within {WELCOME_S:.0f} s")
                )
        if self._error:
            raise self._error

    def send_control(self, message: FromClient) -> None:
        self.send_text(control.serialize(message))

    async def leave(self) -> None:
        """Says goodbye where there is still someone to hear it."""
        self.send_control({"type": "leave"})
        await self.part()

    async def part(self) -> None:
        """Without a goodbye: the session may go on over another link."""
        self._transport.resume_reading()
        self.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._gone.wait()
        self._transport.abort()

    def on_binary(self, data: bytes) -> None:
        self._on_packet(data, perf_counter())

    def on_text(self, text: str) -> None:
        now = perf_counter()
        try:
            message = control.parse(text, FROM_RELAY)
        except ControlError as error:
            if error.close_code is not None:  # else it is a type of a newer relay
                self._end(error)
                self.close(error.close_code, error.code)
            return
        if message["type"] == "ping":
            t1, t2 = round(now * 1e6), round(perf_counter() * 1e6)
            self.send_control({"type": "pong", "t0": message["t0"], "t1": t1, "t2": t2})
        else:
            self._is_in |= message["type"] == "welcome"
            self._on_control(message, now)

    def on_error(self, error: Exception) -> None:
        """What a relay said could not be handled: whatever it was, that is told in words."""
        if not isinstance(error, StreamerError):
            unhandled = ProtocolError(
                f"The relay sent what can't be handled ({error!r:.200})", code="bad-message"
            )
            unhandled.__cause__ = error
            error = unhandled
        self._end(error)

    def on_close(self, code: int, reason: str) -> None:
        self.close_code = code
        self._end(None if code == close_codes.LEFT else self._why(code, reason))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._gone.set()

    def _end(self, error: Exception | None) -> None:
        """The first reason is the one that counts."""
        if not self._ended.is_set():
            self._error = error
            self._ended.set()

    def _why(self, code: int, reason: str) -> StreamerError:
        if reason == _ECHO_WANTED:
            return SentAwayError(
                "Others want to try the room echo, so your turn is over. Join again to go on"
            )
        if self.closed_by_peer or code == close_codes.LOST:
            kind = SentAwayError if code in close_codes.FINAL else ConnectionLostError
            return kind(_ENDS.get(code, f"The relay closed the connection ({code})"))
        if code == close_codes.TOO_BIG:
            return TooBigError("The relay sent a message that is too big. Trying again later …")
        if code == close_codes.IDLE:
            return ConnectionLostError(f"The relay has said nothing for {SILENT_S} s")
        return ProtocolError(f"The relay broke the protocol: {reason}", code="bad-message")
