"""Members that say back whatever they hear, on the clients that Python has: python python.py LIBRARY URL"""

import asyncio
import json
import sys
from collections.abc import Iterator

import aiohttp
import picows
import websockets

SUBPROTOCOL = "streamer.v1"


class Echo:
    """What to answer."""

    def __init__(self) -> None:
        self._talker_id = 0

    def to_packet(self, packet: bytes) -> bytes:
        return packet[:2] + bytes(2) + packet[4:]

    def to_text(self, text: str) -> Iterator[str]:
        message = json.loads(text)
        if message["type"] == "welcome":
            self._talker_id = message["talker_id"]
        if message["type"] == "chat" and message["talker_id"] != self._talker_id:
            yield json.dumps({"type": "chat", "text": message["text"]})


async def with_aiohttp(url: str) -> None:
    echo = Echo()
    async with aiohttp.ClientSession() as http, http.ws_connect(url, protocols=[SUBPROTOCOL]) as socket:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                await socket.send_bytes(echo.to_packet(message.data))
            elif message.type is aiohttp.WSMsgType.TEXT:
                for answer in echo.to_text(message.data):
                    await socket.send_str(answer)


async def with_websockets(url: str) -> None:
    echo = Echo()
    async with websockets.connect(url, subprotocols=[websockets.Subprotocol(SUBPROTOCOL)]) as socket:
        async for message in socket:
            if isinstance(message, bytes):
                await socket.send(echo.to_packet(message))
            else:
                for answer in echo.to_text(message):
                    await socket.send(answer)


class Listener(picows.WSListener):  # type: ignore[misc]
    def __init__(self) -> None:
        self._echo = Echo()

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type == picows.WSMsgType.BINARY:
            transport.send(picows.WSMsgType.BINARY, self._echo.to_packet(frame.get_payload_as_bytes()))
        elif frame.msg_type == picows.WSMsgType.TEXT:
            for answer in self._echo.to_text(frame.get_payload_as_utf8_text()):
                transport.send(picows.WSMsgType.TEXT, answer.encode())


async def with_picows(url: str) -> None:
    transport, _ = await picows.ws_connect(
        Listener, url, extra_headers={"Sec-WebSocket-Protocol": SUBPROTOCOL}
    )
    await transport.wait_disconnected()


asyncio.run(
    {"aiohttp": with_aiohttp, "websockets": with_websockets, "picows": with_picows}[sys.argv[1]](sys.argv[2])
)
