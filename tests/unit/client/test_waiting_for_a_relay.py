"""Whoever waits for a relay says so: one that is not there, one that says nothing, and one that lets nobody
in."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import messages
import pytest
from caption_engine import fake_engine
from fake_relay import relay
from free_port import free_port
from gateway_fixture import until

from streamer.captions import program
from streamer.client import connection, reconnecting
from streamer.client.reconnecting import Line
from streamer.device.config import read_config
from streamer.device.device import Device
from streamer.errors import ConnectionLostError, SentAwayError
from streamer.gateway.broker import BrokerAddress
from streamer.gateway.gateway import Gateway, GatewayOptions
from streamer.record.recorder import Recorder, RecordOptions
from streamer.wire.room_link import Address

Tell = Callable[[str], None]
Program = Callable[[str, Path, Tell], Coroutine[Any, Any, None]]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "WELCOME_S", 0.6)
    monkeypatch.setattr(reconnecting, "_WAITS_S", 0.2)


async def gateway(link: str, folder: Path, tell: Tell) -> None:
    await Gateway(GatewayOptions(BrokerAddress("127.0.0.1", 1, secure=False), link), tell).run()


async def recorder(link: str, folder: Path, tell: Tell) -> None:
    await Recorder(RecordOptions(link, folder / "recorded", wait=True), tell).run()


async def device(link: str, folder: Path, tell: Tell) -> None:
    path = folder / "device.toml"
    path.write_text(f'link = "{link}"\nname = "Kitchen"\n[sound]\ndevice = "none"\n')
    await Device(read_config(path), tell).run()


async def captions(link: str, folder: Path, tell: Tell) -> None:
    await program.show(link, "Captions", None, tell)


async def captioner(link: str, folder: Path, tell: Tell) -> None:
    await program.caption(program.CaptionOptions([link]), fake_engine(), tell)


PROGRAMS = pytest.mark.parametrize("run", [gateway, recorder, device, captions, captioner])


@asynccontextmanager
async def running(run: Program, link: str, folder: Path) -> AsyncIterator[list[str]]:
    told: list[str] = []
    task = asyncio.create_task(run(link, folder, told.append))
    try:
        yield told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def has(told: list[str], words: str) -> Callable[[], bool]:
    return lambda: any(words in line for line in told)


@PROGRAMS
async def test_a_program_that_nobody_attends_says_that_its_relay_is_not_there(
    run: Program, tmp_path: Path
) -> None:
    link = f"http://127.0.0.1:{free_port()}/#room=home&key=k"
    async with running(run, link, tmp_path) as told:
        await until(has(told, "No relay answers at 127.0.0.1"), lambda: told)


@PROGRAMS
async def test_a_program_that_nobody_attends_says_that_a_relay_lets_it_not_in(
    run: Program, tmp_path: Path
) -> None:
    async def talk(socket: aiohttp.web.WebSocketResponse) -> None:
        with suppress(ConnectionError):
            while True:
                await socket.ping()
                await asyncio.sleep(0.1)

    async with relay(talk) as address, running(run, f"{address.url}#room=home&key=k", tmp_path) as told:
        await until(has(told, "has not let us in yet"), lambda: told)


@PROGRAMS
async def test_a_program_that_nobody_attends_says_that_it_lost_its_relay(
    run: Program, tmp_path: Path
) -> None:
    lets_go = asyncio.Event()

    async def talk(socket: aiohttp.web.WebSocketResponse) -> None:
        await socket.send_json(messages.welcome(resume="t0ken"))
        if lets_go.is_set():
            await asyncio.Event().wait()
        lets_go.set()
        socket._req.transport.abort()  # type: ignore[union-attr]

    async with relay(talk) as address, running(run, f"{address.url}#room=home&key=k", tmp_path) as told:
        await until(has(told, "Lost the relay"), lambda: told)
        await until(has(told, "is there again"), lambda: told)


async def test_a_relay_that_never_lets_us_in_is_told_once_and_tried_again() -> None:
    came = 0

    async def talk(socket: aiohttp.web.WebSocketResponse) -> None:
        nonlocal came
        came += 1
        if came == 3:
            await socket.send_json(messages.welcome(resume="t0ken"))
            await socket.close(code=4401)
        with suppress(ConnectionError):
            while not socket.closed:
                await socket.ping()
                await asyncio.sleep(0.1)

    told: list[str] = []
    async with relay(talk) as address:
        line = await Line.open(address, on_trouble=told.append)
        with pytest.raises(SentAwayError):
            await asyncio.wait_for(line.run(lambda data, now: None, lambda message, now: None), 30)
        await line.leave()
    assert told == [
        "The relay answers, but has not let us in yet. Waiting for it …",
        "The connection was lost before the relay let us in. Trying again …",
    ]


async def test_who_makes_no_second_try_is_told_that_it_was_never_let_in() -> None:
    async def talk(socket: aiohttp.web.WebSocketResponse) -> None:
        with suppress(ConnectionError):
            while True:
                await socket.ping()
                await asyncio.sleep(0.1)

    async with relay(talk) as address:
        line = await Line.open(address, lasting=False)
        with pytest.raises(ConnectionLostError, match="did not let us in"):
            await asyncio.wait_for(line.run(lambda data, now: None, lambda message, now: None), 30)
        await line.leave()


@pytest.mark.parametrize("secure", [False, True])
async def test_something_that_accepts_and_says_nothing_is_told_and_tried_again(
    secure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over TLS, its handshake never ends."""
    monkeypatch.setattr("streamer.client.way.ANSWER_S", 0.5)
    monkeypatch.setattr("streamer.client.way.TRY_S", 1.0)
    monkeypatch.setattr("streamer.client.way.OPEN_S", 1.5)
    came = 0

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        with suppress(ConnectionError):
            while await reader.read(4_096):
                pass
        writer.close()

    told: list[str] = []
    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        address = Address(secure, "127.0.0.1", server.sockets[0].getsockname()[1], "home", "k")
        opening = asyncio.create_task(Line.open(address, patient=True, on_trouble=told.append))
        await until(lambda: told and came > 4, lambda: (told, came))
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
    assert len(told) == 1
    assert "No relay answered" in told[0]
