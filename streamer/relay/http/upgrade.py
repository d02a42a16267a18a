"""The opening handshake, and the takeover: aiohttp reads the request, our protocol has the connection from
then on.

aiohttp's own protocol is told that its connection is lost, so that it frees what it holds (parser, task,
timers) and leaves the transport alone. It is asked for bytes that came behind the request before that: they
are the first frames.
"""

import asyncio
import base64
import binascii
import hashlib
from typing import Final, cast

from aiohttp import web

from streamer.errors import RefusedError
from streamer.websocket.connection import Connection
from streamer.websocket.takeover import EarlyBytes

GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
VERSION: Final = "13"


def bad_handshake(message: str) -> RefusedError:
    return RefusedError(message, status=400, code="bad-handshake")


def accept_key(request: web.Request) -> str:
    """The value of Sec-WebSocket-Accept (RFC 6455, section 4.2.2).

    Raises RefusedError where the request is no proper opening handshake (section 4.2.1).
    """
    headers = request.headers
    if request.method != "GET" or request.version < (1, 1):
        raise bad_handshake("a WebSocket begins with GET and HTTP/1.1")
    if "websocket" not in tokens(headers.getall("Upgrade", [])):
        raise bad_handshake("there is no `Upgrade: websocket`")
    if "upgrade" not in tokens(headers.getall("Connection", [])):
        raise bad_handshake("there is no `Connection: Upgrade`")
    if headers.getall("Sec-WebSocket-Version", []) != [VERSION]:
        raise bad_handshake(f"Sec-WebSocket-Version is not {VERSION}")
    keys = headers.getall("Sec-WebSocket-Key", [])
    if len(keys) != 1 or not is_nonce(keys[0]):
        raise bad_handshake("Sec-WebSocket-Key is not one nonce of 16 bytes")
    return base64.b64encode(hashlib.sha1(keys[0].encode() + GUID, usedforsecurity=False).digest()).decode()


def tokens(values: list[str]) -> set[str]:
    return {token.strip().lower() for value in values for token in value.split(",")}


def is_nonce(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _answer(accept: str, subprotocol: str | None) -> bytes:
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    lines.append(f"Sec-WebSocket-Accept: {accept}")
    if subprotocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    return "\r\n".join([*lines, "", ""]).encode()


def upgrade(request: web.Request, connection: Connection, *, subprotocol: str | None = None) -> web.Response:
    """Answer 101 and give the connection's transport to `connection`; return the result from the request's
    handler.

    Raises RefusedError before anything is written.
    """
    accept = accept_key(request)
    transport, early = take_over(request)
    begin_websocket(transport, accept, subprotocol)
    transport.set_protocol(cast(asyncio.Protocol, connection))
    connection.attach(transport, is_direct=is_plain(transport))
    transport.resume_reading()
    if early.data:
        connection.data_received(early.data)
    return web.Response(status=101)


def begin_websocket(transport: asyncio.Transport, accept: str, subprotocol: str | None) -> None:
    transport.set_write_buffer_limits(0)
    transport.write(_answer(accept, subprotocol))


def take_over(request: web.Request) -> tuple[asyncio.Transport, EarlyBytes]:
    """Take the connection of `request` from aiohttp, with the bytes that came behind the request; reading is
    as it was.

    The caller sets the transport's protocol. Raises RefusedError where the client is gone.
    """
    transport = request.transport
    if transport is None or transport.is_closing():
        raise bad_handshake("the client is gone")
    early = EarlyBytes()
    http = request.protocol
    http.set_parser(early)  # type: ignore[arg-type]  # it only calls the two methods above
    http.transport = None
    http.connection_lost(None)
    return transport, early


def is_plain(transport: asyncio.Transport) -> bool:
    """True if frames may go straight to its socket."""
    return transport.get_extra_info("sslcontext") is None
