"""The terminal's client loses the relay, and what becomes of its session; the relays are real ones."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import aiohttp
import messages
import pytest
from audio_rig import wait_until
from fake_relay import relay
from processes import RelayProcess, StreamerProcess
from relay_fixture import HOST_KEY, KEY, PATIENCE_S, Guest, House

from streamer.client.audio.wav_files import FilePlayout
from streamer.client.reconnecting import Line
from streamer.client.room import join
from streamer.client.terminal.words import Words
from streamer.errors import ConnectionLostError, RefusedError, SentAwayError
from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.http.app import Relay
from streamer.relay.running import listening

SILENT_S = 2.5


class Wifi:
    """Carries bytes to a relay and back, until it goes away: then both ends believe that they are
    connected."""

    def __init__(self, relay_port: int) -> None:
        self._relay_port = relay_port
        self._works = asyncio.Event()
        self._works.set()
        self._carrying: set[asyncio.Task[None]] = set()

    def go_away(self) -> None:
        """What is connected now hangs for ever; what comes from now on waits until `come_back`."""
        self._works.clear()
        for task in self._carrying:
            task.cancel()

    def come_back(self) -> None:
        self._works.set()

    @classmethod
    @asynccontextmanager
    async def open(cls, relay_port: int) -> AsyncIterator[tuple["Wifi", int]]:
        wifi = cls(relay_port)
        async with await asyncio.start_server(wifi._connect, "127.0.0.1", 0) as server:
            yield wifi, server.sockets[0].getsockname()[1]
            wifi.go_away()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._works.wait()
        to_relay, from_relay = await asyncio.open_connection("127.0.0.1", self._relay_port)
        for source, sink in ((reader, from_relay), (to_relay, writer)):
            task = asyncio.create_task(self._carry(source, sink))
            self._carrying.add(task)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                sink.write(data)
                await sink.drain()
            sink.close()


class Ada:
    """A listener at a terminal, and what the terminal shows."""

    def __init__(self, port: int, key: str) -> None:
        self.told: list[str] = []
        self.room = join(f"http://127.0.0.1:{port}/#room=home&key={key}", name="Ada", listening=True)
        self.ear = self.room.ear()
        self._events = self.room.events()
        self._words = Words(self.told.append)

    @classmethod
    @asynccontextmanager
    async def entered(cls, port: int, key: str = KEY) -> AsyncIterator["Ada"]:
        ada = cls(port, key)
        telling = asyncio.create_task(ada._tell())
        playing = asyncio.create_task(ada.ear.run(FilePlayout(ada.ear.pop)))
        try:
            async with asyncio.timeout(PATIENCE_S):
                await ada.room.__aenter__()
            await ada.hears_of("You are in")
            ada.session = asyncio.create_task(ada.room.until_closed())
            yield ada
        finally:
            for task in (telling, playing, ada.session):
                task.cancel()
            await asyncio.gather(telling, playing, ada.session, return_exceptions=True)
            await ada.room.__aexit__(None, None, None)

    async def _tell(self) -> None:
        async for event in self._events:
            self._words.on_event(event)

    async def hears_of(self, beginning: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not any(line.startswith(beginning) for line in self.told):
                await asyncio.sleep(0.01)


async def seen_until_now(guest: Guest) -> list[str]:
    """The types of all that came, up to the answer to a ping."""
    await guest.socket.send_json({"type": "ping", "t0": 1})
    types = [""]
    while types[-1] != "pong":
        types.append((await asyncio.wait_for(guest.socket.receive_json(), PATIENCE_S))["type"])
    return types[1:-1]


async def test_after_a_loss_of_the_wifi_it_is_the_same_member_and_nobody_notices() -> None:
    async with House.open() as house, Wifi.open(house.port) as (wifi, port), Ada.entered(port) as ada:
        grace = await house.enter(name="Grace")
        (member,) = grace.welcome["members"]
        ada.room.raise_hand()
        await ada.hears_of("Grace joined")
        ada.room.set_volume(ada.room.members[0], 0.5)
        await seen_until_now(grace)
        wifi.go_away()
        await ada.hears_of("Lost the relay. Trying again …")
        with pytest.raises(ConnectionLostError, match="was not sent"):
            ada.room.send({"type": "chat", "text": "Is anybody there?"})
        await grace.socket.send_json({"type": "chat", "text": "Where is Ada?"})
        wifi.come_back()
        await ada.hears_of("Back; with you: Grace")
        assert set(await seen_until_now(grace)) <= {"chat", "state"}
        assert ada.told[-1] == "Grace wrote: Where is Ada?"
        ada.room.send({"type": "chat", "text": "Here I am"})
        assert (await grace.text("chat"))["talker_id"] == member["talker_id"]
        assert [(other.name, other.gain) for other in ada.ear.receivers()] == [("Grace", 0.25)]
        late = await house.enter(name="Joan")
        assert [(m["name"], m["muted"], m["hand"]) for m in late.welcome["members"]] == [
            ("Ada", True, True),
            ("Grace", False, False),
        ]


async def test_a_connection_on_which_nothing_comes_is_given_up_soon() -> None:
    async with House.open() as house, Wifi.open(house.port) as (wifi, port), Ada.entered(port) as ada:
        wifi.go_away()
        began = perf_counter()
        await ada.hears_of("Lost the relay")
        assert perf_counter() - began > SILENT_S - 1.1, "a network may be away for a moment"


async def test_the_relay_s_clock_and_the_voices_are_new_after_a_loss() -> None:
    async with House.open() as house, Wifi.open(house.port) as (wifi, port), Ada.entered(port) as ada:
        guest = await house.enter(name="Grace")
        await ada.hears_of("Grace joined")
        clock, (grace,) = ada.room.clock, ada.ear.receivers()
        wifi.go_away()
        await ada.hears_of("Lost the relay")
        wifi.come_back()
        await ada.hears_of("Back;")
        assert ada.room.clock is not clock
        assert list(ada.ear.receivers()) != [grace]
        assert "left" not in await seen_until_now(guest)


@asynccontextmanager
async def restarted(
    first: InviteStore, then: InviteStore
) -> AsyncIterator[tuple[int, Callable[[], Awaitable[None]]]]:
    """A relay's port, and what puts another relay in its place."""
    async with AsyncExitStack() as relays:
        here = await relays.enter_async_context(AsyncExitStack())
        port = await here.enter_async_context(listening(Relay(first, {}), "127.0.0.1", 0, None))

        async def restart() -> None:
            await here.aclose()
            await relays.enter_async_context(listening(Relay(then, {}), "127.0.0.1", port, None))

        yield port, restart


async def test_a_key_that_opens_nothing_any_more_ends_the_session_in_the_relay_s_words() -> None:
    rooms = [InviteStore({"home": Invite(key)}, HOST_KEY) for key in (KEY, "another")]
    async with restarted(*rooms) as (port, restart), Ada.entered(port) as ada:
        await restart()
        with pytest.raises(RefusedError, match="invite"):
            await asyncio.wait_for(ada.session, PATIENCE_S)
        assert ada.told[-1] == "Lost the relay. Trying again …"


async def test_somebody_who_is_removed_by_the_host_does_not_come_back() -> None:
    async with House.open() as house, Ada.entered(house.port) as ada:
        host = await house.enter(key=HOST_KEY)
        await host.socket.send_json({"type": "remove", "talker_id": host.welcome["members"][0]["talker_id"]})
        with pytest.raises(SentAwayError, match="no longer admitted"):
            await asyncio.wait_for(ada.session, PATIENCE_S)


@pytest.mark.parametrize(
    ("code", "reason", "links"),
    [
        (1001, "", 3),
        (1011, "", 3),
        (4400, "", 1),
        (4401, "", 1),
        (4408, "idle", 3),
        (4408, "echo-wanted", 1),
        (4409, "", 1),
        (4429, "", 1),
    ],
)
async def test_somebody_who_is_sent_away_stays_away_and_who_is_lost_comes_back(
    code: int, reason: str, links: int
) -> None:
    tokens: list[str | None] = []

    async def talk(socket: aiohttp.web.WebSocketResponse) -> None:
        tokens.append(socket._req.query.get("resume"))  # type: ignore[union-attr]
        await socket.send_json(messages.welcome(resume=f"t0ken{len(tokens)}"))
        await socket.close(code=code if len(tokens) < 3 else 4401, message=reason.encode())

    async with relay(talk) as address:
        line = await Line.open(address)
        with pytest.raises(SentAwayError):
            await asyncio.wait_for(line.run(lambda data, now: None, lambda message, now: None), PATIENCE_S)
        await line.leave()
    assert tokens[0]  # its own
    assert tokens[1:] == ["t0ken1", "t0ken2"][: links - 1]


def test_after_a_restart_of_the_relay_a_terminal_is_back_by_itself(tmp_path: Path) -> None:
    with ExitStack() as relays:
        relay = relays.enter_context(RelayProcess(tmp_path / "relay", exit_code=-signal.SIGKILL))
        options = (relay.link, "--ca", relay.authority, "--output", tmp_path / "heard.wav")
        with StreamerProcess(tmp_path / "listener", "listen", *options) as listener:
            wait_until(lambda: "You are in" in listener.log, PATIENCE_S, lambda: listener.log)
            os.kill(relay.pid, signal.SIGKILL)
            wait_until(lambda: "Lost the relay" in listener.log, PATIENCE_S, lambda: listener.log)
            port = urlsplit(relay.link).port
            again = relays.enter_context(RelayProcess(tmp_path / "relay", "--port", str(port)))
            wait_until(lambda: "Back;" in listener.log, PATIENCE_S, lambda: listener.log)
            again.wait_for_members(1)
            assert listener.log.count("Trying again") == 1


async def told_until_sent_away(talk: Callable[[aiohttp.web.WebSocketResponse], Awaitable[None]]) -> list[str]:
    """What a person reads of their line to a relay that says `talk`, until that sends them away."""
    told: list[str] = []
    async with relay(talk) as address:
        line = await Line.open(address)
        line.on_trouble = told.append
        with pytest.raises(SentAwayError):
            await asyncio.wait_for(line.run(lambda data, now: None, lambda message, now: None), 20)
        await line.leave()
    return told


async def test_a_relay_that_goes_away_before_it_let_us_in_is_told_once_and_tried_again() -> None:
    came = 0

    async def talk(socket: aiohttp.web.WebSocketResponse) -> None:
        nonlocal came
        came += 1
        if came < 3:
            socket._req.transport.abort()  # type: ignore[union-attr]
        else:
            await socket.send_json(messages.welcome(resume="t0ken"))
            await socket.close(code=4401)

    told = await told_until_sent_away(talk)
    assert told == ["The connection was lost before the relay let us in. Trying again …"]


async def test_a_welcome_that_is_too_big_is_told_once_and_the_room_is_entered_once_it_fits() -> None:
    welcome = messages.welcome(resume="t0ken")
    came = 0

    async def talk(socket: aiohttp.web.WebSocketResponse) -> None:
        nonlocal came
        came += 1
        text = "x" * (70_000 if came < 3 else 10)
        await socket.send_json({**welcome, "history": [{"name": "Ben", "text": text, "age_s": 1}]})
        if came >= 3:
            await socket.close(code=4401)
        await socket.receive()

    told = await told_until_sent_away(talk)
    assert came == 3
    assert told == ["The relay sent a message that is too big. Trying again later …"]


def test_the_link_by_way_of_the_join_page_leads_a_terminal_into_the_room_by_tls(tmp_path: Path) -> None:
    with RelayProcess(tmp_path / "relay") as relay:
        options = (relay.join_link, "--ca", relay.authority, "--output", tmp_path / "heard.wav")
        with StreamerProcess(tmp_path / "listener", "listen", *options) as listener:
            relay.wait_for_members(1)
            wait_until(lambda: "You are in" in listener.log, PATIENCE_S, lambda: listener.log)
