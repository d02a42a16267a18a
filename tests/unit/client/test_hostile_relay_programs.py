"""Programs of ours at a relay that means harm: recorder, captioner and device end in words, or stay."""

import asyncio
import random
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import aiomqtt
import pytest
import test_hostile_relay as hostile
from aiohttp import web
from caption_engine import fake_engine
from fake_relay import relay
from mosquitto import Mosquitto
from relay_fixture import PATIENCE_S
from test_hostile_relay import ODD, said, url_of

from streamer.captions.program import CaptionOptions, caption, show
from streamer.client import unattended
from streamer.device.config import read_config
from streamer.device.device import Device
from streamer.errors import StreamerError
from streamer.gateway.broker import BrokerAddress
from streamer.gateway.gateway import Gateway, GatewayOptions
from streamer.record.recorder import RecordOptions, record
from streamer.wire.control import FROM_RELAY

LISTS = ["[]", "[1]", "[-1,65536,9007199254740991]", '["a"]', "[{}]", "[[]]", "[null,true,1e999]"]
LISTS += [
    '[{"id":1,"name":"\\u202e"}]',
    '[{"id":"1","name":null}]',
    '["http://a:0","http://127.0.0.1:1","",1]',
]
LISTS += ['[{"role":"talk","key":"","ends_s":9007199254740991}]', '[{"role":1,"key":{},"ends_s":1e999}]']
SEEDS: Final = 12


@pytest.fixture(autouse=True)
def _with_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hostile.GOOD, list, LISTS)
    monkeypatch.setattr(unattended, "LONGEST_WAIT_S", 0.01)
    monkeypatch.setattr("streamer.captions.program._REST_S", 0.01)


async def say_anything(socket: web.WebSocketResponse, rng: random.Random) -> None:
    """The welcome is a proper one, and that all may be recorded and captioned."""
    with pytest.MonkeyPatch.context() as context:
        context.setitem(hostile.GOOD, list, ["[]"])
        await socket.send_str(said(rng, "welcome", 0))
    await socket.send_str('{"type":"recording","on":true,"by":"x","left_out":[]}')
    for _ in range(rng.randrange(150)):
        kind = rng.choice([*FROM_RELAY, "caption", "chat", "command", "recording", "joined", "left"])
        await socket.send_str(said(rng, kind, 0))
        header = bytes(
            (0x10, 5, 0, rng.randrange(12), 0, rng.randrange(256), rng.randrange(4), 4)
        ) + rng.randbytes(4)
        await socket.send_bytes(header + rng.randbytes(rng.choice((0, 1, 80, 1_600))))
    last = [said(rng, rng.choice([*FROM_RELAY]), 0.3), rng.choice(ODD), ""]
    await socket.send_str(rng.choice(last))
    await socket.close(code=rng.choice((1000, 4401, 4403)))


Run = Callable[[str, Path, Callable[[str], None]], Any]


def a_recorder(url: str, folder: Path, tell: Callable[[str], None]) -> Any:
    return record(RecordOptions(url, folder / "meeting"), tell)


def a_captioner(url: str, folder: Path, tell: Callable[[str], None]) -> Any:
    return caption(CaptionOptions([url]), fake_engine(), tell)


def a_screen_of_captions(url: str, folder: Path, tell: Callable[[str], None]) -> Any:
    return show(url, "Screen", None, tell)


def a_device(url: str, folder: Path, tell: Callable[[str], None]) -> Any:
    path = folder / "device.toml"
    path.write_text(f'link = "{url}"\nname = "Kitchen"\n[sound]\ndevice = "none"\n')
    return Device(read_config(path), tell).run()


async def visit(run: Run, folder: Path, rng: random.Random) -> None:
    """Until the relay has said everything to a second connection, or the program has ended."""
    visits = 0
    has_said_all = asyncio.Event()

    async def talk(socket: web.WebSocketResponse) -> None:
        nonlocal visits
        visits += 1
        if visits > 1:
            has_said_all.set()
        with suppress(ConnectionError):
            await say_anything(socket, rng)

    async with relay(talk) as address:
        running = asyncio.ensure_future(run(url_of(address), folder, lambda words: None))
        heard = asyncio.ensure_future(has_said_all.wait())
        await asyncio.wait({running, heard}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        heard.cancel()
        running.cancel()
        with suppress(StreamerError, asyncio.CancelledError):
            await running


@pytest.mark.parametrize("run", [a_recorder, a_captioner, a_screen_of_captions, a_device])
async def test_a_program_at_a_hostile_relay_ends_in_words_or_stays(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for seed in range(SEEDS):
        await visit(run, tmp_path, random.Random(seed))
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_hostile_relay_reaches_no_topic_of_others_through_a_gateway(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    topics: set[str] = set()

    with Mosquitto(tmp_path / "mosquitto") as mosquitto:

        def a_gateway(url: str, folder: Path, tell: Callable[[str], None]) -> Any:
            return Gateway(GatewayOptions(BrokerAddress.parse(mosquitto.url), url), tell).run()

        async def watch() -> None:
            async with aiomqtt.Client("127.0.0.1", mosquitto.port) as client:
                await client.subscribe("#")
                await client.publish("streamer/device/gate/status", "online", qos=1, retain=True)
                is_watching.set()
                async for message in client.messages:
                    topics.add(str(message.topic))

        is_watching = asyncio.Event()
        watching = asyncio.ensure_future(watch())
        async with asyncio.timeout(PATIENCE_S):
            await is_watching.wait()
        for seed in range(SEEDS):
            await visit(a_gateway, tmp_path, random.Random(seed))
        watching.cancel()
    assert "streamer/room/kitchen/status" in topics
    ours = re.compile(
        r"streamer/(room/kitchen|device/gate)/\w+|homeassistant/\w+/streamer_kitchen/\w+/config"
    )
    assert not [topic for topic in topics if not ours.fullmatch(topic)]
    assert not [record for record in caplog.records if record.exc_info]
