"""`streamer serve --workers` as its host starts it, and its processes one by one."""

import asyncio
import json
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path

import aiohttp
import psutil
from audio_rig import wait_until
from processes import START_S, RelayProcess
from relay_fixture import PATIENCE_S, Guest

from streamer.relay.workers.ranks import ranked
from streamer.wire.room_link import Address

NUMBERS = (1, 2)
ADDRESSES = [f"127.0.0.{number}" for number in range(1, 100)]
"""All of this computer: each connection may come from another one."""


def first_worker(name: str) -> int:
    """That has the room or the address `name`, while both live."""
    return ranked(name, NUMBERS)[0]


FRONT = first_worker("127.0.0.1")
"""Where whoever comes from there is let in."""

BACK = 3 - FRONT
NEAR_ROOM = next(room for room in map("room{}".format, range(99)) if first_worker(room) == FRONT)
FAR_ROOM = next(room for room in map("room{}".format, range(99)) if first_worker(room) == BACK)
"""At home where nobody comes in who connects from 127.0.0.1."""


def address_at(worker: int) -> str:
    """One whose connections that worker gets."""
    return next(address for address in ADDRESSES if first_worker(address) == worker)


class WorkersProcess(RelayProcess):
    """Two workers, with the rooms NEAR_ROOM and FAR_ROOM; the first one of `options` may be --no-tls."""

    def __init__(self, home: Path, *options: str, exit_code: int | None = 0) -> None:
        rooms = ["--room", NEAR_ROOM, "--room", FAR_ROOM]
        super().__init__(home, "--workers", "2", *rooms, "--no-mdns", *options, exit_code=exit_code)

    def wait_ready(self) -> None:
        """Three processes begin at the same time."""
        wait_until(self._announced, 4 * START_S, self.complaint)

    def link_to(self, room: str) -> str:
        return self.links.to_talk[room]

    def port_of(self, worker: int) -> int:
        """Of its own; the first that it had."""
        found = re.search(rf"^  worker {worker}: \S+:(\d+)$", self.log, re.MULTILINE)
        assert found, self.complaint()
        return int(found[1])

    def pid_of(self, worker: int) -> int:
        port = self.port_of(worker)
        for child in psutil.Process(self.pid).children():
            if any(each.laddr and each.laddr.port == port for each in child.net_connections("tcp")):
                return child.pid
        raise AssertionError(f"no process listens on {port}\n{self.log}")

    def members_of(self, worker: int) -> int | None:
        """None while it is not there."""
        url = f"http://127.0.0.1:{self.port_of(worker)}/healthz"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
                return int(json.load(answer)["members"])
        except OSError:
            return None

    async def until_members(self, worker: int, count: int) -> None:
        await until_so(lambda: self.members_of(worker) == count, self.complaint)

    async def enter(self, http: aiohttp.ClientSession, room: str, name: str, **query: str) -> Guest:
        """By the port that all workers share."""
        link = Address.parse(self.link_to(room))
        fields = {"room": room, "key": link.key, "name": name, **query}
        guest = Guest(await http.ws_connect(f"{self.origin}/ws", params=fields, protocols=["streamer.v1"]))
        guest.welcome = await guest.text("welcome")
        return guest


async def until_so(is_so: Callable[[], bool], complaint: Callable[[], str]) -> None:
    try:
        async with asyncio.timeout(2 * PATIENCE_S):
            while not await asyncio.to_thread(is_so):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(complaint()) from None


def family_of(pid: int) -> list[psutil.Process]:
    """All processes that it has begun, and that they have."""
    return psutil.Process(pid).children(recursive=True)


def from_address(address: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(address, 0)))
