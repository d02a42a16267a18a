"""A room in which nobody speaks, behind each proxy of docs/proxies/: pings keep it beyond the proxy's
patience.

All times are a twentieth: a proxy's minute, the 20 s after which a relay pings, and ten minutes of silence.
All proxies are quiet at the same time, and beside each is one whose relay does not ping.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from free_port import free_port
from proxies import ALL, Configuration, proxy
from relay_fixture import KEY, PATIENCE_S, Guest, House

from streamer.relay.access.limits import RelayLimits
from streamer.relay.http.origins import Origins
from streamer.relay.network.proxies import ProxyProtocol, TrustedProxies
from streamer.relay.tls.authority import Authority

SCALE: Final = 20
IDLE_S: Final = 60 // SCALE
PING_S: Final = RelayLimits().ping_s / SCALE
QUIET_S: Final = 600 / SCALE
NEVER_S: Final = 1e6


@dataclass
class Quiet:
    """One that keeps quiet behind a proxy."""

    name: str
    socket: aiohttp.ClientWebSocketResponse
    stream: aiohttp.ClientResponse

    async def ends(self) -> str:
        """Waits until the socket ends, and returns the name."""
        while not self.socket.closed:
            message = await self.socket.receive()  # aiohttp answers the pings
            assert message.type is not aiohttp.WSMsgType.BINARY
        return self.name

    async def stream_ends(self) -> str:
        try:
            while await self.stream.content.readany():
                pass
        except aiohttp.ClientPayloadError:
            pass
        return f"{self.name}, over plain HTTP"


@dataclass
class Yard:
    """Where proxies and relays are started."""

    folder: Path
    authority: Authority
    trust: ssl.SSLContext

    @asynccontextmanager
    async def quiet(self, configuration: Configuration, ping_s: float) -> AsyncIterator[Quiet]:
        port = free_port()
        tls = self._own_tls() if configuration.is_passed_through else None
        protocol = ProxyProtocol.REQUIRED if configuration.is_passed_through else ProxyProtocol.OPTIONAL
        base = f"https://127.0.0.1:{port}{configuration.path}"
        limits = RelayLimits(deadline_ms=PATIENCE_S * 1000, ping_s=ping_s, idle_s=NEVER_S)
        folder = self.folder / f"{configuration.name}-{ping_s}"
        origins = Origins(url=f"{base}/")
        async with AsyncExitStack() as stack:
            house = await stack.enter_async_context(
                House.open(
                    limits=limits, tls=tls, origins=origins, proxies=TrustedProxies(["127.0.0.1"], protocol)
                )
            )
            stack.enter_context(proxy(configuration, folder, self.authority, port, house.port, idle_s=IDLE_S))
            http = await stack.enter_async_context(
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self.trust, limit=0))
            )
            room = {"room": "home", "key": KEY}
            guest = Guest(await http.ws_connect(f"{base}/ws", params=room, protocols=["streamer.v1"]))
            await guest.text("welcome")
            async with http.post(f"{base}/leg", params=room) as answer:
                leg = (await answer.json())["leg"]
            await guest.text("joined")
            no_timeout = aiohttp.ClientTimeout(total=None)
            stream = await http.get(f"{base}/leg", params={"leg": leg, "from": 0}, timeout=no_timeout)
            stack.callback(stream.close)
            yield Quiet(configuration.name, guest.socket, stream)

    def _own_tls(self) -> ssl.SSLContext:
        leaf = self.authority.leaf(["localhost"], ["127.0.0.1"])
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(leaf.cert, leaf.key)
        return context


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    authority = Authority(tmp_path / "authority")
    return Yard(tmp_path, authority, ssl.create_default_context(cafile=str(authority.certificate_path)))


async def test_ten_minutes_of_silence_end_no_room_behind_any_proxy_and_would_without_pings(
    yard: Yard,
) -> None:
    ends: list[asyncio.Task[str]] = []
    cut: list[asyncio.Task[str]] = []
    async with AsyncExitStack() as stack:
        for configuration in ALL:
            pinged = await stack.enter_async_context(yard.quiet(configuration, PING_S))
            ends += map(asyncio.create_task, (pinged.ends(), pinged.stream_ends()))
            if not configuration.is_patient:
                unpinged = await stack.enter_async_context(yard.quiet(configuration, NEVER_S))
                cut.append(asyncio.create_task(unpinged.ends()))
        try:
            ended, _ = await asyncio.wait(ends, timeout=QUIET_S, return_when=asyncio.FIRST_COMPLETED)
            assert [task.result() for task in ended] == []
            await asyncio.wait(cut, timeout=PATIENCE_S)
            assert {task.result() for task in cut if task.done()} == {
                each.name for each in ALL if not each.is_patient
            }
        finally:
            for task in (*ends, *cut):
                task.cancel()
            await asyncio.gather(*ends, *cut, return_exceptions=True)
