"""A WebSocket spoken frame by frame, so that a test can do what no client does."""

import asyncio
import base64
import json
import os
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlencode

from streamer.websocket.frames import FrameParser, serialize_frame
from streamer.websocket.mask import MaskingKeys

PEOPLE = "127.0.0.1"
TEXT, BINARY = 1, 2


class Target(NamedTuple):
    """Where the relay is, and the invites by room."""

    port: int
    keys: dict[str, str]
    tls: bool

    async def connect(self, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = trusting_all() if self.tls else None
        return await asyncio.open_connection(PEOPLE, self.port, ssl=context, local_addr=(source, 0))


def trusting_all() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def handshake(target: Target, room: str, name: str) -> bytes:
    """The request of somebody who wants to join."""
    query = urlencode({"room": room, "key": target.keys.get(room, ""), "name": name})
    nonce = base64.b64encode(os.urandom(16)).decode()
    head = (
        f"GET /ws?{query} HTTP/1.1\r\nHost: {PEOPLE}:{target.port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {nonce}\r\n"
        "Sec-WebSocket-Protocol: streamer.v1\r\n\r\n"
    )
    return head.encode()


class Peer:
    """One WebSocket, spoken frame by frame, so that it can do what no client does."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._parser = FrameParser(from_client=False, max_message_bytes=1 << 20)
        self._keys = MaskingKeys()

    @classmethod
    async def enter(cls, target: Target, room: str, source: str, name: str) -> "Peer":
        """Raises ConnectionRefusedError if the relay does not let us in."""
        reader, writer = await target.connect(source)
        writer.write(handshake(target, room, name))
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in answer.splitlines()[0]:
            writer.close()
            raise ConnectionRefusedError(answer.splitlines()[0].decode())
        return cls(reader, writer)

    def send(self, opcode: int, payload: bytes) -> None:
        self.writer.write(serialize_frame(opcode, payload, self._keys))

    def say(self, message: dict[str, Any]) -> None:
        self.send(TEXT, json.dumps(message, ensure_ascii=False).encode())

    async def packets(self, on_packet: Callable[[bytes], None]) -> None:
        """Read to the end."""
        with suppress(OSError):
            while data := await self.reader.read(1 << 16):
                for opcode, payload in self._parser.parse(data):
                    if opcode == BINARY:
                        on_packet(payload)
