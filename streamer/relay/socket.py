"""A session's WebSocket, by aiohttp."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from aiohttp import WSMsgType, web

from streamer.relay.session import Session
from streamer.wire.control import MAX_TEXT_BYTES

SUBPROTOCOL: Final = "streamer.v1"
MAX_WAITING: Final = 256

Sending = Callable[[], Coroutine[Any, Any, object]]


class Socket:
    """Sends in the background, in order; where the peer does not keep up, the oldest goes."""

    def __init__(self) -> None:
        self._websocket = web.WebSocketResponse(
            protocols=[SUBPROTOCOL], compress=False, max_msg_size=MAX_TEXT_BYTES, heartbeat=20, timeout=0.5
        )
        self._waiting: asyncio.Queue[Sending] = asyncio.Queue(MAX_WAITING)
        self._closing = False

    def send_binary(self, data: bytes) -> None:
        self._send(lambda: self._websocket.send_bytes(data))

    def send_text(self, text: str) -> None:
        self._send(lambda: self._websocket.send_str(text))

    def close(self, code: int, reason: str = "") -> None:
        self._closing = True
        self._send(lambda: self._websocket.close(code=code, message=reason.encode()))

    async def carry(self, request: web.Request, session: Session) -> web.WebSocketResponse:
        """Upgrade `request` and carry `session` to its end."""
        await self._websocket.prepare(request)
        writer = asyncio.create_task(self._write())
        session.open()
        try:
            await self._read(session)
        finally:
            session.end()
            if not self._closing:
                writer.cancel()
            await asyncio.wait([writer], timeout=1)
        return self._websocket

    async def _read(self, session: Session) -> None:
        async for message in self._websocket:
            if message.type is WSMsgType.BINARY:
                session.on_packet(message.data)
            elif message.type is WSMsgType.TEXT:
                session.on_text(message.data)

    def _send(self, sending: Sending) -> None:
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(sending)

    async def _write(self) -> None:
        while not self._websocket.closed:
            sending = await self._waiting.get()
            await sending()
