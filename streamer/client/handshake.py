"""The opening handshake with a relay: the client's only door to aiohttp, which does HTTP, TLS and the handshake.

Then the takeover: aiohttp is told that its connection is lost, so that it frees what it holds and leaves the transport
alone, and is asked for the bytes that came behind the relay's answer: they are the first frames.
"""

import asyncio
import json
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, cast

import aiohttp

from streamer.client.trust import client_context, untrusted
from streamer.errors import ConnectionLostError, ProtocolError, RefusedError, StreamerError
from streamer.name_lookup import Resolver
from streamer.websocket.takeover import EarlyBytes
from streamer.wire.names import SUBPROTOCOL
from streamer.wire.room_link import Address

_OPEN_S: Final = 10.0
_REASON_BYTES: Final = 16_384
"""Bytes read of a refusal: a relay's is a line or two, and another server's may never end."""
_REDIRECTS: Final = {301, 302, 307, 308}


class Opened(NamedTuple):
    """A WebSocket after its handshake, with reading paused."""

    transport: asyncio.Transport
    early: bytes
    is_secure: bool


async def shake_hands(url: str, address: Address, ca_file: Path | None) -> Opened:
    """At the relay of `address`. Raises RefusedError, ConnectionLostError, CertificateError or ProtocolError."""
    answer = _Answer()
    try:
        connector = aiohttp.TCPConnector(resolver=Resolver())
        async with (
            aiohttp.ClientSession(connector=connector, raise_for_status=answer) as http,
            asyncio.timeout(_OPEN_S),
        ):
            if not address.secure and await _is_join_link(http, address):
                address = replace(address, secure=True)
                url = url.replace("ws://", "wss://", 1)
            tls = client_context(ca_file) if address.secure else True
            websocket = await http.ws_connect(url, protocols=[SUBPROTOCOL], compress=0, ssl=tls)
            if websocket.protocol != SUBPROTOCOL:
                raise ProtocolError(
                    f"{address.origin} does not speak {SUBPROTOCOL}", code="bad-subprotocol", close_code=1002
                )
            return Opened(answer.take_over(), answer.early.data, address.secure)
    except (aiohttp.ClientError, OSError, ValueError) as error:  # the last one is of an address that can't be
        raise _in_words(error, address, ca_file) from error


async def _is_join_link(http: aiohttp.ClientSession, address: Address) -> bool:
    """Whether the relay speaks TLS on the port of this http: link, and only leads there. Nothing secret is sent yet."""
    try:
        async with http.get(f"{address.url}trust", allow_redirects=False, raise_for_status=False) as response:
            leads_to = response.headers.get("Location", "")
            return response.status in _REDIRECTS and leads_to.startswith(f"https://{address.origin}/")
    except (aiohttp.ClientError, OSError, ValueError):
        return False


class _Answer:
    """Sees the relay's answer before aiohttp reads on: takes early bytes out of a yes, and the reason out of a no."""

    def __init__(self) -> None:
        self.early = EarlyBytes()

    async def __call__(self, response: aiohttp.ClientResponse) -> None:
        if response.status != 101:
            raise await _refusal(response)
        if response.connection is None or response.connection.protocol is None:
            raise aiohttp.ClientConnectionError("it agrees, and hangs up")
        self._connection = response.connection
        response.connection.protocol.set_parser(self.early, None)

    def take_over(self) -> asyncio.Transport:
        transport = cast(asyncio.Transport, self._connection.transport)
        transport.pause_reading()
        http = self._connection.protocol
        assert http is not None
        http.transport = None
        http.connection_lost(None)
        self._connection.close()
        return transport


async def _refusal(response: aiohttp.ClientResponse) -> RefusedError:
    try:
        reason = json.loads(await _beginning(response))
        code, message = str(reason["error"]), str(reason["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        code = "no-relay"
        message = f"{response.url.host} answers, but there is no streamer relay (HTTP status {response.status})"
    return RefusedError(message, status=response.status, code=code)


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    body = b""
    while len(body) < _REASON_BYTES and (piece := await response.content.read(_REASON_BYTES - len(body))):
        body += piece
    return body


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
