"""A whole site on this machine: NATS, three relays that are one service, HAProxy before them, and people who
talk.

Each relay and server is a process of its own. The way of the first relay to NATS can be cut alone. People
talk without a pause, so a gap in what somebody hears is one that the site made, or this process, which holds
all of them.
"""

import asyncio
import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Self

from audio_rig import stop, wait_until
from free_port import free_port
from gap import Gap
from nats_server import NatsServer
from processes import RelayProcess
from proxies import CONFIGURATIONS, START_S, is_there

import streamer
from streamer.client.room import Room
from streamer.errors import StreamerError
from streamer.wire.room_link import Address

RELAYS: Final = 3
HOME, LOCAL = "home", "local"
"""`local` is entered by HAProxy alone, which has each room on one relay."""

PACKET_S: Final = 0.05
"""From one packet of a talker to the next: how exactly a gap is known."""

LOOK_S: Final = 0.02
VOICE: Final = bytes.fromhex("fcfffe")


class Person:
    """Talks all the time, and knows when it heard whom last, and for how long it did not hear somebody at
    most."""

    def __init__(self, name: str, link: str) -> None:
        self.name = name
        self.heard: dict[str, float] = {}
        self.failed = ""
        """Why it is out of the room for good."""
        self._gaps: dict[str, float] = {}
        self._has_left = False
        self._room = streamer.join(link, name=name)

    async def __aenter__(self) -> Self:
        await self._room.__aenter__()
        self._tasks = [asyncio.create_task(self._talk()), asyncio.create_task(self._listen(self._room))]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._has_left:
            return
        self._has_left = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(StreamerError):
            await self._room.__aexit__(None, None, None)

    @property
    def sees(self) -> list[str]:
        """Everybody else in its list, once for each time."""
        return sorted(member.name for member in self._room.members)

    def forget_gaps(self) -> None:
        self._gaps.clear()

    def longest_gap_s(self, names: list[str]) -> float:
        """Of what it heard of these since gaps were forgotten, the one that lasts included."""
        now_s = perf_counter()
        lasting = [now_s - self.heard[name] for name in names if name in self.heard]
        return max([*lasting, *(self._gaps.get(name, 0.0) for name in names)], default=0.0)

    async def _talk(self) -> None:
        while True:
            with suppress(StreamerError):
                self._room.send_packet(VOICE)
            await asyncio.sleep(PACKET_S)

    async def _listen(self, room: Room) -> None:
        try:
            async for received in room.packets():
                name, at_s = received.member.name, received.arrived_s
                if name in self.heard:
                    self._gaps[name] = max(self._gaps.get(name, 0.0), at_s - self.heard[name])
                self.heard[name] = at_s
            self.failed = "the relay closed"
        except StreamerError as error:
            self.failed = f"{type(error).__name__}: {error}"


class Site:
    """`people` are in the room `home`, by name; made by `open_site`."""

    def __init__(self, folder: Path, nats: NatsServer, gap: Gap) -> None:
        self.nats, self.gap = nats, gap
        self.ports = [free_port() for _ in range(RELAYS)]
        self.port = free_port()
        urls = [gap.url, nats.url, nats.url]
        self.relays = [
            RelayProcess(folder / f"relay{number}", *self._options(port, url), exit_code=None)
            for number, (port, url) in enumerate(zip(self.ports, urls, strict=True))
        ]
        self.people: dict[str, Person] = {}
        self.pair: dict[str, Person] = {}
        """Who is in the room `local`."""

    def _options(self, port: int, nats: str) -> list[str]:
        own = ["--no-tls", "--port", str(port), "--plain", "--no-mdns", "--room", HOME, "--room", LOCAL]
        return [*own, "--cluster", nats, "--other-relay", self.origin, "--trust-proxy", "127.0.0.1"]

    @property
    def origin(self) -> str:
        """HAProxy's."""
        return f"http://127.0.0.1:{self.port}"

    def link(self, room: str = HOME, number: int | None = None) -> str:
        """By that relay, or by HAProxy."""
        link = next(relay.links.to_talk[room] for relay in self.relays if "Stop with" in relay.log)
        origin = self.origin if number is None else f"http://127.0.0.1:{self.ports[number]}"
        return f"{origin}/#{link.partition('/#')[2]}"

    # what happens

    async def start(self, number: int) -> None:
        await asyncio.to_thread(self.relays[number].__enter__)

    async def kill(self, number: int) -> None:
        """As a power cut does."""
        await asyncio.to_thread(self.relays[number].kill)

    async def drain(self, number: int) -> None:
        """Returns when it has ended by itself."""
        os.kill(self.relays[number].pid, signal.SIGTERM)
        await asyncio.to_thread(self.relays[number].wait, START_S)

    def pause(self, number: int) -> None:
        os.kill(self.relays[number].pid, signal.SIGSTOP)

    def go_on(self, number: int) -> None:
        os.kill(self.relays[number].pid, signal.SIGCONT)

    # what is so

    @property
    def names(self) -> list[str]:
        return sorted(self.people)

    @property
    def is_complete(self) -> bool:
        """Everybody sees everybody else, once."""
        return all(
            person.sees == [name for name in sorted(room) if name != person.name]
            for room in (self.people, self.pair)
            for person in room.values()
        )

    def all_heard(self, since_s: float) -> bool:
        """Whether everybody has heard everybody else since then."""
        return all(
            person.heard.get(name, 0.0) > since_s
            for room in (self.people, self.pair)
            for person in room.values()
            for name in room
            if name != person.name
        )

    def forget_gaps(self) -> None:
        for person in (*self.people.values(), *self.pair.values()):
            person.forget_gaps()

    def longest_gap_s(self, room: dict[str, Person]) -> float:
        return max(
            person.longest_gap_s([name for name in room if name != person.name]) for person in room.values()
        )

    async def until_talking(self, since_s: float, most_s: float) -> float:
        """Seconds since then until everybody hears everybody, and then once more: not what was on its way."""
        await self.until(lambda: self.is_complete and self.all_heard(since_s), most_s)
        all_there_s = perf_counter()
        await self.until(lambda: self.is_complete and self.all_heard(all_there_s), most_s)
        return perf_counter() - since_s

    async def until(self, is_so: Callable[[], Any], most_s: float) -> None:
        """`most_s` is only a bound on what hangs. Raises AssertionError."""
        try:
            async with asyncio.timeout(most_s):
                while not is_so():
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise AssertionError(self.complaint()) from None

    async def until_counted(self, most_s: float) -> None:
        """Until each relay lists everybody once, and all together have as many connections as there are
        people."""

        async def is_counted() -> bool:
            return await asyncio.to_thread(self._is_counted)

        try:
            async with asyncio.timeout(most_s):
                while not await is_counted():
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise AssertionError(f"{self.counts()} {self.complaint()}") from None

    def _is_counted(self) -> bool:
        listed, connected = self.counts()
        return all(names == self.names for names in listed) and sum(connected) == len(self.people) + len(
            self.pair
        )

    def counts(self) -> tuple[list[list[str]], list[int]]:
        """For each relay: whom it lists in `home`, and how many connections it has."""
        return [self._listed(number) for number in range(RELAYS)], [self.members_at(n) for n in range(RELAYS)]

    @property
    def busiest(self) -> int:
        """The relay with most connections."""
        return max(range(RELAYS), key=self.members_at)

    def members_at(self, number: int) -> int:
        return int(self._ask(number, "/healthz")["members"])

    def _listed(self, number: int) -> list[str]:
        """The relay's own list, whole: what it shows at the door is shortened."""
        return sorted(
            member["name"] for member in self._ask(number, f"/api/v1/rooms/{HOME}/members")["members"]
        )

    def _ask(self, number: int, path: str) -> Any:
        host = Address.parse(self.relays[number].host_link).key
        headers = {"Authorization": f"Bearer {host}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[number]}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=START_S) as answer:
            return json.load(answer)

    def complaint(self) -> str:
        now_s = perf_counter()
        people = {**self.people, **self.pair}
        lines = [
            f"{name} sees {person.sees}, heard "
            f"{ {other: round(now_s - at_s, 1) for other, at_s in person.heard.items()} } s ago "
            f"{person.failed}"
            for name, person in people.items()
        ]
        return "\n".join(lines)


@asynccontextmanager
async def open_site(folder: Path, people: int = 4) -> AsyncIterator[Site]:
    """One person comes by HAProxy, the others by one relay each in turn; two are in the room `local`. All
    hear all."""
    async with AsyncExitStack() as stack:
        nats = NatsServer(folder / "nats")
        await asyncio.to_thread(nats.start)
        stack.callback(nats.stop)
        gap = await stack.enter_async_context(Gap(nats.port))
        site = Site(folder, nats, gap)
        for number in range(RELAYS):
            await site.start(number)
            stack.push_async_callback(_end, site.relays[number])
        stack.callback(stop, _haproxy(folder / "haproxy", site.port, site.ports))
        await asyncio.to_thread(
            wait_until, lambda: is_there(site.port), START_S, lambda: "HAProxy is not there"
        )
        for number in range(people):
            name = f"P{number}"
            link = site.link(HOME, (number - 1) % RELAYS if number else None)
            site.people[name] = await stack.enter_async_context(Person(name, link))
        for name in ("Q0", "Q1"):
            site.pair[name] = await stack.enter_async_context(Person(name, site.link(LOCAL)))
        await site.until_talking(perf_counter(), START_S)
        yield site


async def _end(relay: RelayProcess) -> None:
    if relay.is_running:
        os.kill(relay.pid, signal.SIGCONT)
    await asyncio.to_thread(relay.interrupt)


def _haproxy(folder: Path, port: int, relays: list[int]) -> "subprocess.Popen[bytes]":
    """As docs/proxies/ has it, but with a server more and without TLS."""
    folder.mkdir(parents=True)
    text = (CONFIGURATIONS / "haproxy-several-relays.cfg").read_text()
    head, *_ = text.partition("    server one")
    servers = "".join(f"    server relay{number} 127.0.0.1:{each}\n" for number, each in enumerate(relays))
    bind = next(line for line in text.splitlines() if line.strip().startswith("bind "))
    configuration = folder / "haproxy.cfg"
    configuration.write_text(head.replace(bind, f"    bind 127.0.0.1:{port}") + servers)
    with (folder / "proxy.log").open("wb") as out:
        return subprocess.Popen(["haproxy", "-db", "-f", str(configuration)], stdout=out, stderr=out)
