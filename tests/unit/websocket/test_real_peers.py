"""WebSocket clients of other people's making: each hears everything, and everything it says is heard, in
order."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from phone import CHROMIUM

from streamer.client.connection import Link
from streamer.relay.access.invites import InviteStore
from streamer.relay.access.limits import RelayLimits
from streamer.relay.http.app import Relay
from streamer.relay.http.static_files import Asset
from streamer.relay.running import listening
from streamer.wire.control import Message
from streamer.wire.packet import Packet
from streamer.wire.room_link import Address

PEERS = Path(__file__).parents[2] / "support/peers"
PACKETS = 300
AHEAD = 50
"""Packets that wait for a peer that is held up. It sends them back at once then, and of a burst of a whole
second a relay drops what is beyond `WAITING_EACH` (websocket/fanout.pxd)."""
TEXTS = ["plain", "Grüße, 世界 🎙", "x" * 500]
START_S, ANSWER_S = 120, 60
"""A browser's start takes 3 s on an idle machine, and 40 s on one with ten times as much to do as it can."""


@asynccontextmanager
async def running(*command: str | Path) -> AsyncIterator[None]:
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdin=quiet, stdout=quiet, stderr=quiet
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


class Partner:
    """A member that talks to the peer under test, and keeps what comes back."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.joined = asyncio.Event()
        self.packets: list[Packet] = []
        self.texts: list[str] = []

    def on_packet(self, data: bytes, now: float) -> None:
        self.packets.append(Packet.parse(data))

    def on_control(self, message: Message, now: float) -> None:
        if message["type"] == "joined":
            self.peer_id, _ = message["talker_id"], self.joined.set()
        if message["type"] == "chat" and message["talker_id"] == self.peer_id:
            self.texts.append(message["text"])

    async def say(self, packets: list[Packet]) -> None:
        for number, packet in enumerate(packets):
            if number >= AHEAD:
                await self.hear(number - AHEAD, texts=0)
            self._link.send_packet(packet.serialize())
            if number % 5 == 0:
                await asyncio.sleep(0.02)
        for text in TEXTS:
            self._link.send_control({"type": "chat", "text": text})

    async def hear(self, count: int, texts: int = len(TEXTS)) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                while len(self.packets) < count or len(self.texts) < texts:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            came = f"{len(self.packets)} of {count} packets, {len(self.texts)} of {texts} texts"
            raise AssertionError(f"after {ANSWER_S} s, {came} have come back") from None


async def converse(*command: str | Path) -> None:
    """Each `{url}` and `{page}` in `command` is filled in."""
    page = {f"/{path.name}": Asset.read(path) for path in PEERS.glob("*.[hj][ts]*")}
    dice = random.Random(1)
    packets = [
        Packet(seq=seq, timestamp=seq * 480, payload=dice.randbytes(dice.randint(1, 1_488)))
        for seq in range(PACKETS)
    ]
    patient = RelayLimits(deadline_ms=10_000)  # everything arrives, however busy this machine is
    async with listening(Relay(InviteStore({}, is_open=True), page, patient), "127.0.0.1", 0, None) as port:
        link = await Link.open(Address(False, "127.0.0.1", port, "peers"))
        partner = Partner(link)
        staying = asyncio.create_task(link.run(partner.on_packet, partner.on_control))
        places = {
            "url": f"ws://127.0.0.1:{port}/ws?room=peers",
            "page": f"http://127.0.0.1:{port}/browser.html",
        }
        async with running(*(str(part).format(**places) for part in command)):
            await asyncio.wait_for(partner.joined.wait(), START_S)
            await partner.say(packets)
            await partner.hear(PACKETS)
        await link.leave()
        await staying
    assert partner.packets == [replace(packet, talker_id=partner.peer_id) for packet in packets]
    assert partner.texts == TEXTS


@pytest.mark.parametrize("library", ["aiohttp", "websockets", "picows"])
async def test_a_client_of_python_hears_and_says_everything(library: str) -> None:
    await converse(sys.executable, PEERS / "python.py", library, "{url}")


async def test_a_client_of_node_hears_and_says_everything() -> None:
    await converse("node", PEERS / "node.mjs", "{url}")


@pytest.mark.browser
async def test_chromium_hears_and_says_everything(tmp_path: Path) -> None:
    options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-background-networking",
        f"--user-data-dir={tmp_path}",
    ]
    await converse(CHROMIUM, *options, "{page}")


@pytest.mark.browser
async def test_firefox_hears_and_says_everything(tmp_path: Path) -> None:
    await converse("firefox-esr", "--headless", "--no-remote", "--profile", tmp_path, "{page}")
