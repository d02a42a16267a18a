"""The desktop client at a relay that means harm: memory stays bounded, and nothing ends as a traceback."""

import asyncio
import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from fake_relay import answering, relay
from messages import member, welcome
from offline_room import OfflineRoom

import streamer
from streamer.client.connection import Link
from streamer.client.reconnecting import Line
from streamer.client.talk_and_listen import Options, listen
from streamer.client.told import AT_ONCE, Told
from streamer.errors import ControlError, RefusedError, StreamerError
from streamer.wire.control import FROM_RELAY, MAX_ROOM, Message
from streamer.wire.room_link import Address

ODD: list[str] = [
    "null", "true", "0", "-1", "9007199254740991", "-9007199254740991", "1e999", "-1e999", "NaN", "1.5",
    "1e400",
    str(10**30), '""', '"x"', r'"\ud800"', r'"\udfff\ud800"', r'"\u0000\u001b[2J"',
    '"' + "\u0338" * 3_000 + '"',
    "[]", "{}", "[[]]", "[null]", '[{"talker_id":"x"}]', '[{"name":1,"text":[]}]', "[" * 5_000 + "]" * 5_000,
]  # fmt: skip
GOOD: dict[type, list[str]] = {
    int: ["0", "1", "3", "7", "65535", "65536", "-1", "9007199254740991", "-9007199254740991", "123456789"],
    bool: ["true", "false"],
    str: [r'"\ud800"', '""', '"Grace"', '"' + "n" * 20_000 + '"', r'"\u001b[2J\r\n"', '"a\u202eb"'],
    list: ["[]"],
    dict: ["{}", '{"battery":0.5,"place":null}', '{"a":1,"b":[{}],"c":null,"d":"\\u001b[2J"}'],
}


def said(rng: random.Random, kind: str, oddness: float) -> str:
    """A message of a relay, its fields of the right types but any values; some of them odd, or missing."""
    fields = {"type": json.dumps(kind)}
    for name, wanted in FROM_RELAY[kind].items():
        if rng.random() < oddness:
            if rng.random() < 0.8:
                fields[name] = rng.choice(ODD)
        elif name == "members":
            fields[name] = json.dumps(
                [member(n, rng.choice(("Grace", "\ud800", "x" * 300))) for n in range(2, 9)]
            )
        elif name == "history":
            fields[name] = json.dumps(
                [{"name": "Grace", "text": "\udfff", "talker_id": 3}] * rng.randrange(3)
            )
        else:
            fields[name] = rng.choice(GOOD[wanted])
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in fields.items()) + "}"


async def say_anything(socket: web.WebSocketResponse, seed: int) -> None:
    rng = random.Random(seed)
    await socket.send_str(said(rng, "welcome", 0))
    for _ in range(rng.randrange(120)):
        await socket.send_str(said(rng, rng.choice([*FROM_RELAY]), 0))
        header = bytes(
            (0x10, 5, 0, rng.randrange(12), 0, rng.randrange(256), rng.randrange(4), 4)
        ) + rng.randbytes(4)
        await socket.send_bytes(rng.choice((header, b"")) + rng.randbytes(rng.choice((0, 1, 80, 1_600))))
    last = [
        said(rng, rng.choice([*FROM_RELAY]), 0.3),
        rng.choice(ODD),
        "{" + '"type":' + rng.choice(ODD) + "}",
        "",
    ]
    await socket.send_str(rng.choice(last))
    await socket.close(code=rng.choice((1000, 4401)))


def url_of(address: Address) -> str:
    return f"http://127.0.0.1:{address.port}/#room=kitchen&key=abc"


@pytest.mark.parametrize("figures", [False, True])
def test_a_listener_survives_whatever_a_relay_says(tmp_path: Path, figures: bool) -> None:
    async def main(seed: int) -> None:
        async with relay(lambda socket: say_anything(socket, seed)) as address:
            options = Options(url_of(address), output_file=tmp_path / "heard.wav", figures=figures)
            with suppress(StreamerError):  # in words, whatever it was
                await asyncio.wait_for(listen(options), 30)

    for seed in range(25):
        asyncio.run(main(seed))


def test_a_program_survives_whatever_a_relay_says() -> None:
    async def main(seed: int) -> None:
        async with relay(lambda socket: say_anything(socket, seed)) as address:
            room = streamer.join(url_of(address), reconnect=False)
            events, packets = room.events(), room.packets()
            with suppress(StreamerError):  # in words, whatever it was
                async with asyncio.timeout(30), room:
                    room.tell({"number": seed})
                    closed = asyncio.create_task(room.until_closed())
                    try:
                        async for heard in room.hear():
                            assert np.isfinite(heard.samples).all()
                    finally:
                        await closed
            for reader in (events, packets):
                with suppress(StreamerError):
                    async with asyncio.timeout(30):
                        async for each in reader:
                            repr(each)

    for seed in range(25):
        asyncio.run(main(seed))


def joined(talker_id: int) -> Message:
    return {"type": "joined", **member(talker_id, f"Talker {talker_id}")}


def test_those_who_join_without_end_take_no_memory_without_end() -> None:
    offline = OfflineRoom(welcome())
    ear = offline.room.ear()
    offline.hear(*map(joined, range(1, 2 * MAX_ROOM)))
    assert len(offline.room.members) == len(list(ear.receivers())) == len(ear._mixer._receivers) == MAX_ROOM
    assert "More people are here than can be heard at once" in offline.told


def test_words_without_end_are_told_at_a_rate_that_people_can_read_and_counted() -> None:
    told: list[str] = []
    now = 0.0
    tell = Told(told.append, lambda: now)
    for _ in range(10_000):
        tell("buy" * 100_000)
    assert len(told) == AT_ONCE
    assert max(map(len, told)) < 5_000
    now = 1.0
    tell("Dinner is ready")
    assert told[-2:] == [
        f"{10_000 - AT_ONCE:,} lines were left out: the room says more than anybody can read",
        "Dinner is ready",
    ]


@pytest.mark.parametrize("talker_id", [0, -1, 2**16, 2**53 - 1])
def test_an_id_that_no_packet_can_carry_is_nobody(talker_id: int) -> None:
    assert not OfflineRoom(welcome(), joined(talker_id)).room.members


def test_a_welcome_after_a_welcome_puts_nobody_into_the_mix_twice() -> None:
    offline = OfflineRoom()
    ear = offline.room.ear()
    offline.hear(*[welcome(member(3, "Grace"), member(4, "Joan"))] * 5)
    assert len(ear._mixer._receivers) == 2


def test_a_refusal_without_an_end_is_a_refusal() -> None:
    sent = 0

    async def refuse(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse(status=403)
        await answer.prepare(request)
        while True:
            await answer.write(b"no" * 50_000)
            sent += 100_000

    async def main() -> None:
        async with answering(refuse) as address:
            with pytest.raises(RefusedError):
                await Link.open(address)

    asyncio.run(main())
    assert sent < 50_000_000


@pytest.mark.parametrize("token", ["\ud800", "x" * 60_000, "a\r\nb", "é"])
def test_a_token_that_fits_into_no_address_is_none(token: str) -> None:
    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.send_str(json.dumps({**welcome(), "resume": token, "locked": False}))
        await socket.close()

    async def main() -> None:
        async with relay(talk) as address:
            line = await Line.open(address)
            with suppress(ControlError):  # text that is not Unicode is not a message
                await line.run(lambda data, now: None, lambda message, now: None)
            assert line._way.resume != token
            address.socket_url("Ada", line._way.resume)
            await line.leave()

    asyncio.run(main())


@pytest.mark.parametrize("field", ["members", "history"])
@pytest.mark.parametrize("wrong", [[None], [1], [[]], [{}], [{"name": 1, "text": 2, "talker_id": "x"}]])
def test_a_list_in_a_welcome_is_checked_to_its_leaves(field: str, wrong: list[Any]) -> None:
    with pytest.raises(StreamerError, match=r"welcome|history"):
        OfflineRoom({**welcome(), field: wrong})
