"""A real relay on a real socket, with a room called `home`, and guests that hold their ends as any client
would."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp

from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.access.limits import RelayLimits
from streamer.relay.access.tokens import TokenStore
from streamer.relay.hooks.hooks import Hooks
from streamer.relay.http.app import Relay
from streamer.relay.http.origins import Origins
from streamer.relay.network.proxies import TrustedProxies
from streamer.relay.running import listening
from streamer.sounds import Studio
from streamer.wire.packet import Packet

PATIENCE_S = 30
"""For what takes some milliseconds: no more than a bound on a test that hangs."""
KEY = "correct-horse"
HOST_KEY = "battery-staple"
PACKET = Packet(seq=7, timestamp=480, payload=b"opus")


@asynccontextmanager
async def open_relay(port: int = 0) -> AsyncIterator[str]:
    """Gives the link to a room that anybody may enter.

    Voice waits here as long as it must: the relay's clock is the machine's, which may stand still, also where
    the loop has a time of its own.
    """
    relay = Relay(InviteStore({}, is_open=True), {}, RelayLimits(deadline_ms=PATIENCE_S * 1000))
    async with listening(relay, "127.0.0.1", port, None) as its_port:
        yield f"http://127.0.0.1:{its_port}/#room=kitchen"


class Guest:
    """One end of a socket, as any client would hold it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.welcome: dict[str, Any] = {}

    async def text(self, kind: str) -> dict[str, Any]:
        """The next control message of this type; others before it are passed over."""
        while True:
            message = await asyncio.wait_for(self.socket.receive(), PATIENCE_S)
            assert message.type is aiohttp.WSMsgType.TEXT, message
            if message.json()["type"] == kind:
                return dict(message.json())

    async def packet(self) -> Packet:
        while True:
            message = await asyncio.wait_for(self.socket.receive(), PATIENCE_S)
            if message.type is aiohttp.WSMsgType.BINARY:
                return Packet.parse(message.data)

    async def close_code(self) -> int:
        receive = self.socket.receive
        while (message := await asyncio.wait_for(receive(), PATIENCE_S)).type is not aiohttp.WSMsgType.CLOSE:
            assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), message
        return int(message.data)

    async def hears_nothing(self) -> bool:
        """Everything sent before is through once the answer to a ping is here."""
        await self.socket.send_json({"type": "ping", "t0": 1})
        message = await asyncio.wait_for(self.socket.receive(), PATIENCE_S)
        return message.type is aiohttp.WSMsgType.TEXT and message.json()["type"] == "pong"


class House:
    """A relay with the room `home`, and its guests."""

    relay: Relay
    """There for a house that was opened here."""

    def __init__(self, http: aiohttp.ClientSession, port: int) -> None:
        self.http = http
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    async def socket(
        self, room: str = "home", key: str = KEY, **query: str
    ) -> aiohttp.ClientWebSocketResponse:
        query = {"room": room, "key": key, **query}
        return await self.http.ws_connect(
            f"{self.url}/ws", params=query, protocols=["streamer.v1"], autoclose=True
        )

    async def enter(self, room: str = "home", key: str = KEY, **query: str) -> Guest:
        guest = Guest(await self.socket(room, key, **query))
        guest.welcome = await guest.text("welcome")
        return guest

    async def refusal(self, headers: dict[str, str] | None = None, **query: str) -> tuple[int, str]:
        async with self.http.get(f"{self.url}/ws", params=query, headers=headers) as response:
            body = await response.json()
            assert body["message"]
            return response.status, body["error"]

    async def metric(self, name: str) -> float:
        """What `/metrics` says of it, labels included in the name."""
        async with self.http.get(f"{self.url}/metrics") as response:
            found = re.search(rf"^{re.escape(name)} (\S+)$", await response.text(), re.MULTILINE)
        assert found, name
        return float(found[1])

    async def wait_for_metric(self, name: str, value: float) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await self.metric(name) != value:
                await asyncio.sleep(0.01)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        admission: InviteStore | None = None,
        limits: RelayLimits | None = None,
        tls: ssl.SSLContext | None = None,
        origins: Origins | None = None,
        tokens: TokenStore | None = None,
        studio: Studio | None = None,
        hooks: Hooks | None = None,
        proxies: TrustedProxies | None = None,
        host: str = "127.0.0.1",
    ) -> AsyncIterator[Self]:
        limits = limits or RelayLimits(deadline_ms=PATIENCE_S * 1000)  # a busy machine holds this relay up
        admission = admission or InviteStore({"home": Invite(KEY)}, HOST_KEY)
        relay = Relay(
            admission, {}, limits, origins, tokens=tokens, studio=studio, hooks=hooks, proxies=proxies
        )
        any_number = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(connector=any_number) as http,
            listening(relay, host, 0, tls) as port,
        ):
            house = cls(http, port)
            house.relay = relay
            yield house
