"""Two real relays behind a real load balancer, configured as a file of docs/proxies/ says."""

import asyncio
import os
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from urllib.parse import quote, urlencode

import aiohttp
import pytest
from free_port import free_port
from hearing import MOST_LOST_S, anna_and_ben
from processes import RelayProcess
from proxies import SEVERAL, Configuration, proxy
from relay_fixture import PATIENCE_S, Guest
from relay_pair import SecondRelay

from streamer.client.connection import Link
from streamer.relay.tls.authority import Authority
from streamer.wire.room_link import Address

ROOMS = ("home", "Küche", *(f"room{number}" for number in range(8)))


@dataclass
class Stage:
    """Two relays behind a load balancer."""

    relays: tuple[RelayProcess, RelayProcess]
    origin: str
    ports: tuple[int, int]
    authority: Path
    http: aiohttp.ClientSession

    def address(self, room: str) -> Address:
        return Address.parse(f"{self.origin}/#{urlencode({'room': room})}")

    async def enter(self, room: str, name: str) -> Guest:
        url = self.address(room).socket_url(name)
        guest = Guest(await self.http.ws_connect(url, protocols=["streamer.v1"]))
        guest.welcome = await guest.text("welcome")
        return guest

    async def members(self) -> list[int]:
        """How many each relay has; it is asked past the load balancer."""
        return [await self.members_at(port) for port in self.ports]

    async def members_at(self, port: int) -> int:
        async with self.http.get(f"http://127.0.0.1:{port}/healthz") as answer:
            return int((await answer.json())["members"])

    async def busy(self) -> tuple[RelayProcess, int]:
        """The relay that has members, and the port of the other one."""
        first = (await self.members())[0] > 0
        return (self.relays[0], self.ports[1]) if first else (self.relays[1], self.ports[0])


class BehindBalancer(SecondRelay):
    """Asks nothing of itself at its start: the load balancer is not there yet."""

    def wait_ready(self) -> None:
        super(RelayProcess, self).wait_ready()


class FirstBehindBalancer(RelayProcess):
    """As the other one."""

    def wait_ready(self) -> None:
        super(RelayProcess, self).wait_ready()


@pytest.fixture(params=SEVERAL, ids=lambda each: each.name)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    configuration: Configuration = request.param
    authority = Authority(tmp_path / "authority")
    port, *ports = free_port(), free_port(), free_port()
    options = [*configuration.options(port, authority), "--open", "--plain", "--deadline-ms", "30000"]
    with ExitStack() as stack:
        first = FirstBehindBalancer(tmp_path / "one", *options, "--port", str(ports[0]), exit_code=None)
        stack.enter_context(first)
        second = BehindBalancer(tmp_path / "two", first, *options, "--port", str(ports[1]), exit_code=None)
        stack.enter_context(second)
        stack.enter_context(proxy(configuration, tmp_path / "proxy", authority, port, *ports))
        trust = ssl.create_default_context(cafile=str(authority.certificate_path))
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust, limit=0)) as http:
            origin = f"https://127.0.0.1:{port}"
            yield Stage((first, second), origin, (ports[0], ports[1]), authority.certificate_path, http)


async def test_a_room_stays_on_one_relay_and_the_rooms_are_shared_out(stage: Stage) -> None:
    staying: list[Guest] = []
    for room in ROOMS:
        staying += [await stage.enter(room, "Anna"), await stage.enter(room, "Ben")]
        ben = staying[-1]
        assert [member["name"] for member in ben.welcome["members"]] == ["Anna"], room
        async with stage.http.get(f"{stage.origin}/room", params={"room": room}) as answer:
            assert (await answer.json())["people"] == ["Anna", "Ben"], room
        headers = {"Authorization": f"Bearer {Address.parse(stage.relays[0].host_link).key}"}
        url = f"{stage.origin}/api/v1/rooms/{quote(room)}/members"
        async with stage.http.get(url, headers=headers) as answer:
            assert [member["name"] for member in (await answer.json())["members"]] == ["Anna", "Ben"], room
    first, second = await stage.members()
    assert min(first, second) > 0
    assert first + second == len(staying)


async def test_a_leg_over_plain_http_stays_on_the_relay_of_its_room(stage: Stage) -> None:
    for room in ROOMS:
        guest = await stage.enter(room, "Anna")
        link = await Link.open_over_http(stage.address(room), name="Ben", ca_file=stage.authority)
        running = asyncio.create_task(link.run(lambda packet, now: None, lambda said, now: None))
        assert (await guest.text("joined"))["name"] == "Ben"
        link.send_control({"type": "chat", "text": "Hello"})
        assert (await guest.text("chat"))["text"] == "Hello"
        await link.leave()
        await asyncio.wait_for(running, PATIENCE_S)


async def test_a_relay_that_drains_hands_its_rooms_over_and_nobody_loses_a_second_of_voice(
    stage: Stage,
) -> None:
    link = stage.relays[0].link
    async with anna_and_ben(link, stage.authority) as (_, ben, ears):
        relay, other = await stage.busy()
        os.kill(relay.pid, signal.SIGTERM)
        await asyncio.to_thread(relay.wait, PATIENCE_S)
        async with asyncio.timeout(PATIENCE_S):
            while await stage.members_at(other) != 2:
                await asyncio.sleep(0.01)
        await ears.hear("Anna", after_s=perf_counter())
        assert ears.longest_gap_s < MOST_LOST_S
        assert [member.name for member in ben.members] == ["Anna"]


async def test_the_members_of_a_relay_that_is_killed_come_back_through_the_other(stage: Stage) -> None:
    link = stage.relays[0].link
    async with anna_and_ben(link, stage.authority) as (_, ben, ears):
        relay, other = await stage.busy()
        relay.kill()
        killed = perf_counter()
        async with asyncio.timeout(PATIENCE_S):
            while await stage.members_at(other) != 2:
                await asyncio.sleep(0.01)
        await ears.hear("Anna", after_s=max(killed, perf_counter()))
        assert [member.name for member in ben.members] == ["Anna"]
