"""Floods that members send: who floods is cut down, and nobody who reads pays for it."""

import asyncio
import json
from collections import Counter
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
from relay_fixture import HOST_KEY, PACKET, Guest, House

from streamer.relay.access.allowance import ADDRESS_FACTOR, CHAT_BYTES, CHATS
from streamer.relay.access.invites import Right
from streamer.relay.access.limits import RelayLimits
from streamer.relay.access.tokens import Scope
from streamer.relay.rooms.bars import Device
from streamer.relay.rooms.post import BURST, SLICE, Post, ToMany
from streamer.relay.rooms.rights import Voice
from streamer.relay.rooms.shared_room import SharedRoom
from streamer.websocket.budget import Budget
from streamer.websocket.sink import Flusher, Sink
from streamer.wire.control import MAX_TEXT_BYTES, MAX_WELCOME_BYTES
from streamer.wire.messages import Role

EXPANDS = "\U0001d160"
"""One character of 4 bytes, which NFC makes three of 4 bytes each."""


class Loop:
    """An event loop whose timers run when the test says so."""

    def __init__(self) -> None:
        self.later: list[Any] = []

    def call_soon(self, *_: Any) -> None: ...

    def call_later(self, _: float, act: Any) -> None:
        self.later.append(act)

    def turn(self) -> None:
        due, self.later = self.later, []
        for act in due:
            act()


class Stub:
    """A member who notes what it is told."""

    muted = away = hand = listening = False
    hand_us = 0
    role: Role = "talk"
    turn: object | None = None
    last_clock: None = None
    voice = Voice.HEARD
    right = Right.GUEST
    scopes: frozenset[Scope] = frozenset()
    token_id = ""
    is_listener = True
    voiced_us = 0
    device = Device("192.168.1.7", "Ada")

    def __init__(self, name: str = "Ada") -> None:
        self.name, self.talker_id, self.told = name, 0, list[Any]()
        self.sink = Sink(Flusher(Loop()))  # type: ignore[arg-type]

    def send_control(self, message: Any) -> None:
        self.told.append(message)

    def send_packet(self, packet: bytes) -> None: ...

    def send_away(self, close_code: int, reason: str) -> None: ...


async def drain(guest: Guest) -> list[dict[str, Any]]:
    """All messages that are there, up to the answer to a ping."""
    await guest.socket.send_json({"type": "ping", "t0": 77})
    told = []
    while True:
        message = await asyncio.wait_for(guest.socket.receive(), 10)
        if message.type is aiohttp.WSMsgType.BINARY:
            continue
        assert message.type is aiohttp.WSMsgType.TEXT, message
        told.append(message.json())
        if told[-1] == {**told[-1], "type": "pong", "t0": 77}:
            return told


@pytest.mark.parametrize("text", [EXPANDS * 666, "🎙" * 2_000], ids=["grows in NFC", "emoji"])
async def test_a_burst_of_long_texts_cuts_off_nobody_who_reads(text: str) -> None:
    async with House.open() as house:
        others = [await house.enter(name=f"Ben {number}") for number in range(5)]
        ada = await house.enter(name="Ada")
        for _ in range(59):
            with suppress(ConnectionError):
                await ada.socket.send_json({"type": "chat", "text": text})
        assert await ada.close_code() == 4429, "half a megabyte at once is a flood"
        for other in others:
            said = [message for message in await drain(other) if message["type"] == "chat"]
            assert sum(len(message["text"].encode()) for message in said) <= CHAT_BYTES.size + MAX_TEXT_BYTES


async def test_somebody_who_writes_too_much_stays_and_is_not_told_so_each_time() -> None:
    async with House.open() as house:
        ben, ada = await house.enter(name="Ben"), await house.enter(name="Ada")
        for _ in range(7):
            await ada.socket.send_str(json.dumps({"type": "chat", "text": "🎙" * 1_900}, ensure_ascii=False))
        errors = [message for message in await drain(ada) if message["type"] == "error"]
        assert {error["code"] for error in errors} == {"too-fast"}
        assert len(errors) < 7, "a flood is not answered with a flood"
        assert [message for message in await drain(ben) if message["type"] == "chat"]


async def test_what_a_person_writes_is_never_too_fast() -> None:
    async with House.open() as house:
        ada, ben = await house.enter(name="Ada"), await house.enter(name="Ben")
        for number in range(40):
            await ada.socket.send_json({"type": "chat", "text": f"a line that was pasted, number {number}"})
        for _ in range(40):
            await ben.text("chat")


async def test_many_connections_of_one_address_write_no_more_than_two_people() -> None:
    async with House.open() as house:
        ben = await house.enter(name="Ben")
        guests = [await house.enter(name=f"Mallory {number}") for number in range(12)]
        for guest in guests:
            for _ in range(int(CHATS.size) // 2):
                await guest.socket.send_json({"type": "chat", "text": "x"})
        for guest in guests:
            await drain(guest)
        said = Counter(message["type"] for message in await drain(ben))
        assert 0 < said["chat"] <= CHATS.size * ADDRESS_FACTOR + 30


@pytest.mark.parametrize("kind", ["state", "clock", "floor", "ping", "dance"])
async def test_more_texts_than_any_client_sends_end_only_the_sender_s_session(kind: str) -> None:
    fields: dict[str, Any] = {
        "wants": True,
        "t0": 1,
        "muted": True,
        "away": False,
        "hand": False,
        "timestamp": 1,
    }
    fields |= dict.fromkeys(("server_us", "device_us", "sent_us", "error_us"), 0)
    async with House.open() as house:
        ben, mallory = await house.enter(name="Ben"), await house.enter(name="Mallory")
        for number in range(400):
            try:
                await mallory.socket.send_json({"type": kind, **fields, "muted": bool(number % 2)})
            except ConnectionError:
                break
        assert await mallory.close_code() == 4429
        while True:
            message = await ben.socket.receive_json(timeout=10)
            if message["type"] == "left":
                break
        assert (await drain(ben))[-1]["type"] == "pong"


async def test_a_state_is_never_lost_however_often_it_changed() -> None:
    async with House.open() as house:
        ada, ben = await house.enter(name="Ada"), await house.enter(name="Ben")
        for number in range(60):
            await ada.socket.send_json(
                {"type": "state", "muted": bool(number % 2), "away": False, "hand": False}
            )
        last = None
        while last is not True or not ben.socket.closed:
            message = await ben.socket.receive_json(timeout=10)
            if message["type"] == "state":
                last = message["muted"]
            if message["type"] == "state" and last:
                break
        assert last is True


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param(
            [b"\x82\xfe\x05\xdc" + bytes(4) + PACKET.serialize() + bytes(1_484)] * 600, id="huge packets"
        ),
        pytest.param(
            [b"\x82\x91" + bytes(4) + PACKET.serialize() + b"x"] * 3_000, id="packets over the rate"
        ),
        pytest.param([b"\x02\x80" + bytes(4)] + [b"\x00\x80" + bytes(4)] * 60_000, id="empty fragments"),
        pytest.param([b"\x89\x80" + bytes(4)] * 3_000, id="pings"),
    ],
)
async def test_a_binary_flood_ends_with_4429_and_harms_nobody(frames: list[bytes]) -> None:
    async with House.open(limits=RelayLimits(messages_per_s=500)) as house:
        ben, mallory = await house.enter(name="Ben"), await house.enter(name="Mallory")
        assert mallory.socket._writer is not None
        mallory.socket._writer.transport.write(b"".join(frames))
        code = await mallory.close_code()
        assert code == 4429
        assert (await drain(ben))[-1]["type"] == "pong"


async def test_pings_beyond_what_any_client_sends_are_not_all_answered() -> None:
    async with House.open() as house:
        mallory = await house.enter()
        assert mallory.socket._writer is not None
        mallory.socket._writer.transport.write(b"\x89\x80" + bytes(4))
        assert await mallory.hears_nothing()  # aiohttp takes the pong itself


# The welcome


async def test_a_welcome_stays_within_its_bound_whatever_the_room_holds() -> None:
    limits = RelayLimits(max_members=1_000, max_per_address=1_000)
    async with House.open(limits=limits) as house:
        guests = [await house.enter(name=f"{number} " + "🎙" * 36) for number in range(330)]
        for guest in guests[:3]:
            await guest.socket.send_str(json.dumps({"type": "chat", "text": "🎙" * 1_500}, ensure_ascii=False))
            await drain(guest)
        socket = await house.socket(name="Grace")
        message = await asyncio.wait_for(socket.receive(), 5)
        assert len(message.data.encode()) <= MAX_WELCOME_BYTES
        known = {member["talker_id"] for member in json.loads(message.data)["members"]}
        while len(known) < 330:
            joined = await socket.receive_json(timeout=5)
            assert joined["type"] == "joined"
            known.add(joined["talker_id"])
        assert known == {guest.welcome["talker_id"] for guest in guests}


async def test_thousands_of_short_texts_make_no_long_welcome() -> None:
    async with House.open() as house:
        room_is_full_of_chat = [await house.enter(name="A") for _ in range(8)]
        for guest in room_is_full_of_chat:
            for _ in range(int(CHATS.size) // 4):
                await guest.socket.send_json({"type": "chat", "text": '"'})
            await drain(guest)
        socket = await house.socket(name="Grace")
        message = await asyncio.wait_for(socket.receive(), 5)
        assert len(message.data.encode()) < MAX_WELCOME_BYTES // 2
        assert len(json.loads(message.data)["history"]) >= 100


# How a room hands out


def test_a_message_to_many_is_serialized_once() -> None:
    room = SharedRoom("home")
    members = [Stub() for _ in range(5)]
    for member in members:
        room.join(member)
    room.tell_others({"type": "chat", "text": "x", "talker_id": 1}, members[0])
    told = [member.told[-1] for member in members[1:]]
    assert all(message is told[0] for message in told)
    assert isinstance(told[0], ToMany)


def test_one_turn_of_the_loop_hands_out_a_slice_and_the_rest_comes_in_order() -> None:
    loop, members = Loop(), [Stub() for _ in range(100)]
    post = Post(loop.call_later)
    for number in range(5):
        post.send({"type": "chat", "number": number}, members)  # type: ignore[arg-type]
    assert sum(len(member.told) for member in members) == SLICE
    turns = 0
    while len(post) and turns < 100_000:
        before = sum(len(member.told) for member in members)
        loop.turn()
        assert sum(len(member.told) for member in members) - before <= SLICE
        turns += 1
    assert turns >= (500 - BURST) // SLICE
    for member in members:
        assert [message["number"] for message in member.told] == list(range(5))


def test_of_a_state_that_changes_faster_than_it_can_be_told_everybody_gets_the_last() -> None:
    loop, members = Loop(), [Stub() for _ in range(200)]
    post = Post(loop.call_later)
    for number in range(1_000):
        post.send({"type": "state", "number": number}, members, about=(1, "state"))  # type: ignore[arg-type]
        if number % 10 == 0:
            loop.turn()
    assert len(post) <= 2
    while len(post):
        loop.turn()
    for member in members:
        assert member.told[-1]["number"] == 999
        assert len(member.told) < 500


def test_somebody_who_leaves_while_being_told_stops_nobody_from_being_told() -> None:
    room = SharedRoom("home")
    members = [Stub(f"Guest {number}") for number in range(4)]
    for member in members:
        room.join(member)

    def leave(message: Any) -> None:
        members[0].told.append(message)
        if message["type"] == "floor":
            room.leave(members[0])

    members[0].send_control = leave  # type: ignore[method-assign]
    members[1].send_control = lambda message: 1 / 0  # type: ignore[assignment, method-assign, return-value]
    room.floor.switch(on=True)
    room.tell_floor()
    for member in members[2:]:
        assert [message["type"] for message in member.told[-2:]] == ["floor", "left"]


def test_a_budget_lets_its_burst_pass_and_then_its_rate() -> None:
    budget = Budget(10, 20)
    assert [budget.try_take(5, 1_000_000) for _ in range(5)] == [True] * 4 + [False]
    assert not budget.try_take(1, 900_000), "a clock that goes back refills nothing"
    assert budget.try_take(1_000, 1_100_000), "one that is larger than all passes, and is paid later"
    assert not budget.try_take(1, 50_000_000)
    assert budget.try_take(1, 200_000_000)


# Control messages of any shape


@pytest.mark.parametrize(
    "text",
    [
        r'{"type":"\ud800"}',
        r'{"type":"chat","text":"\udfff"}',
        r'{"type":"chat","text":"a\ud800b"}',
        r'{"\ud800":1,"type":"dance"}',
        r'{"type":"\u0000\u001b[2J\u202e"}',
        '{"type":"' + "x" * 15_000 + '"}',
        '{"type":["ping"]}',
        '{"type":{}}',
        '{"type":null}',
        '{"type":"ping","t0":1e999}',
        '{"type":"ping","t0":' + "9" * 10_000 + "}",
        '{"type":"ping","t0":true}',
        '{"type":"ping","t0":-0.0}',
        '{"type":"remove","talker_id":99999999}',
        '{"type":"invite","hours":9007199254740991,"uses":9007199254740991}',
        '{"type":"lock","locked":"yes"}',
        "[" * 8_000,
        '{"type":' * 2_000,
        "NaN",
        '"\ud7ff"',
        "",
        " ",
        "0",
    ],
    ids=lambda text: ascii(text)[:30],
)
@pytest.mark.parametrize("key", ["correct-horse", HOST_KEY], ids=["guest", "host"])
async def test_a_control_message_of_any_shape_is_answered_in_one_line(
    text: str, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with House.open() as house:
        ben, mallory = await house.enter(), await house.enter(key=key)
        await mallory.socket.send_str(text)
        await mallory.socket.send_json({"type": "ping", "t0": 5})
        while (message := await asyncio.wait_for(mallory.socket.receive(), 5)).type is aiohttp.WSMsgType.TEXT:
            assert "\n" not in message.json().get("message", "")
            if message.json()["type"] == "pong":
                break
        else:
            assert message.type is aiohttp.WSMsgType.CLOSE
            assert 4400 <= message.data < 4500
        assert (await drain(ben))[-1]["type"] == "pong"
    assert not caplog.records
