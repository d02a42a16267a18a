"""The connection to a relay: the client's only door to aiohttp.

It keeps nothing stale: a packet that the network can't take now is shed here, at the start of its way, and the kernel
is asked to hold little. What comes is handed on by plain calls.
"""

import asyncio
import json
import socket
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Self, cast

import aiohttp

from streamer.client.address import Address
from streamer.client.trust import client_context, untrusted
from streamer.errors import ConnectionLostError, ControlError, ProtocolError, RefusedError, StreamerError
from streamer.wire import control
from streamer.wire.control import FROM_RELAY, MAX_TEXT_BYTES, Message

OnPacket = Callable[[bytes, float], None]
OnControl = Callable[[Message, float], None]

SUBPROTOCOL: Final = "streamer.v1"

_OPEN_S: Final = 10.0
_CLOSE_S: Final = 1.0
_SILENT_S: Final = 10.0
"""We ping every second, so a relay that says nothing this long is gone."""

_MAX_BACKLOG_BYTES: Final = 1_500
"""About 120 ms of voice in our own memory; what the kernel holds beside it is bounded by `_UNSENT_BYTES`."""

_UNSENT_BYTES: Final = 2_048

_ENDS: Final = {
    1001: "The relay is going away",
    1006: "The connection to the relay was lost",
    1009: "The relay found a message of ours too big",
    1011: "The relay failed",
    4400: "The relay did not understand us",
    4401: "You are not admitted to this room any more",
    4408: "The relay heard nothing from us for too long",
    4409: "You joined again from elsewhere",
    4429: "The relay found that we sent too much",
}


class Link:
    """One connection: `await Link.open(...)`, then `run`; `close` in any case. `now` is perf_counter() in seconds."""

    def __init__(
        self, http: aiohttp.ClientSession, websocket: aiohttp.ClientWebSocketResponse, transport: asyncio.Transport
    ) -> None:
        self._http = http
        self._websocket = websocket
        self._transport = transport
        self.shed = 0

    @classmethod
    async def open(cls, address: Address, *, name: str = "", ca_file: Path | None = None) -> Self:
        """Raises RefusedError, ConnectionLostError, CertificateError or ProtocolError, each in words for people."""
        tls = client_context(ca_file) if address.secure else True
        admission = _Admission()
        http = aiohttp.ClientSession(raise_for_status=admission)
        try:
            async with asyncio.timeout(_OPEN_S):
                websocket = await http.ws_connect(
                    address.socket_url(name),
                    protocols=[SUBPROTOCOL],
                    timeout=aiohttp.ClientWSTimeout(ws_receive=_SILENT_S, ws_close=_CLOSE_S),
                    max_msg_size=MAX_TEXT_BYTES,
                    compress=0,
                    ssl=tls,
                )
            _check_subprotocol(websocket, address)
        except (aiohttp.ClientError, OSError) as error:
            await http.close()
            raise _in_words(error, address, ca_file) from error
        except BaseException:
            await http.close()
            raise
        _hold_little(admission.transport)
        return cls(http, websocket, admission.transport)

    async def run(self, on_packet: OnPacket, on_control: OnControl) -> None:
        """Hands on what comes until the relay closes: returns after 1000, else raises ConnectionLostError."""
        while True:
            try:
                message = await self._websocket.receive()
            except TimeoutError:
                raise ConnectionLostError(f"The relay has said nothing for {_SILENT_S:.0f} s") from None
            now = perf_counter()
            match message.type:
                case aiohttp.WSMsgType.BINARY:
                    on_packet(message.data, now)
                case aiohttp.WSMsgType.TEXT:
                    await self._on_text(message.data, now, on_control)
                case _:
                    return self._end(message)

    async def send_packet(self, data: bytes) -> None:
        if self._transport.get_write_buffer_size() > _MAX_BACKLOG_BYTES:
            self.shed += 1
            return
        await _sent(self._websocket.send_bytes(data))

    async def send_control(self, message: Message) -> None:
        await _sent(self._websocket.send_str(control.serialize(message)))

    async def close(self) -> None:
        """Says goodbye where there is still someone to hear it."""
        with suppress(ConnectionLostError, TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self.send_control({"type": "leave"})
                await self._websocket.close()
        await self._http.close()

    async def _on_text(self, text: str, now: float, on_control: OnControl) -> None:
        try:
            message = control.parse(text, FROM_RELAY)
        except ControlError as error:
            if error.close_code is None:  # a type of a newer relay
                return
            raise
        if message["type"] == "ping":
            pong = {"type": "pong", "t0": message["t0"], "t1": round(now * 1e6), "t2": round(perf_counter() * 1e6)}
            await self.send_control(pong)
        else:
            on_control(message, now)

    def _end(self, message: aiohttp.WSMessage) -> None:
        if message.type is aiohttp.WSMsgType.ERROR:
            raise ProtocolError(f"The relay broke the protocol: {message.data}", code="bad-message")
        code = self._websocket.close_code or 1006
        if code != aiohttp.WSCloseCode.OK:
            raise ConnectionLostError(_ENDS.get(code, f"The relay closed the connection ({code})"))


class _Admission:
    """Sees the answer to the handshake: takes the transport out of a yes, and the reason out of a no."""

    transport: asyncio.Transport

    async def __call__(self, response: aiohttp.ClientResponse) -> None:
        if response.status != 101:
            raise await _refusal(response)
        connection = response.connection
        assert connection is not None
        self.transport = cast(asyncio.Transport, connection.transport)


async def _refusal(response: aiohttp.ClientResponse) -> RefusedError:
    try:
        reason = json.loads(await response.read())
        code, message = str(reason["error"]), str(reason["message"])
    except (ValueError, KeyError, TypeError):
        code = "no-relay"
        message = f"{response.url.host} answers, but there is no streamer relay (HTTP status {response.status})"
    return RefusedError(message, status=response.status, code=code)


async def _sent(sending: Coroutine[Any, Any, None]) -> None:
    try:
        await sending
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectionLostError(_ENDS[1006]) from error


def _hold_little(transport: asyncio.Transport) -> None:
    """What waits to be sent shall wait where it can be shed, and nothing waits to fill a segment."""
    peer = transport.get_extra_info("socket")
    with suppress(OSError):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        with suppress(OSError):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)


def _check_subprotocol(websocket: aiohttp.ClientWebSocketResponse, address: Address) -> None:
    if websocket.protocol != SUBPROTOCOL:
        raise ProtocolError(f"{address.origin} does not speak {SUBPROTOCOL}", code="bad-subprotocol", close_code=1002)


def _in_words(error: Exception, address: Address, ca_file: Path | None) -> StreamerError:
    where = address.origin
    match error:
        case aiohttp.ClientConnectorCertificateError(certificate_error=ssl.SSLCertVerificationError() as reason):
            return untrusted(reason, address, ca_file)
        case aiohttp.ClientConnectorSSLError():
            return ConnectionLostError(f"{where} does not speak TLS: if the relay runs with --no-tls, use http://")
        case aiohttp.ClientConnectorDNSError():
            return ConnectionLostError(f"No computer here is called {address.host}")
        case aiohttp.ClientConnectorError():
            return ConnectionLostError(f"No relay answers at {where} ({error.strerror or error.os_error})")
        case TimeoutError():
            return ConnectionLostError(f"No relay answered at {where} within {_OPEN_S:.0f} s")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() if not address.secure:
            return ConnectionLostError(f"{where} hung up: if the relay speaks TLS, use https://")
        case _:
            return ConnectionLostError(f"{where} does not answer as a relay does: {error or type(error).__name__}")
