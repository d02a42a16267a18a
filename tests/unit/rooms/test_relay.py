"""A real relay on a real socket: who gets in, who hears what, and how bad input is refused."""

import asyncio
import gc
from typing import Any

import aiohttp
import pytest
from messages import member
from relay_fixture import KEY, PACKET, House

from streamer.relay.access.invites import InviteStore
from streamer.wire.control import MAX_TEXT_BYTES
from streamer.wire.packet import Packet


async def test_a_packet_reaches_everyone_else_stamped_and_otherwise_as_it_came() -> None:
    async with House.open() as house:
        ada, grace, joan = [await house.enter(name=name) for name in ("Ada", "Grace", "Joan")]
        await ada.socket.send_bytes(PACKET.serialize())
        for listener in (grace, joan):
            heard = await listener.packet()
            assert (heard.talker_id, heard.seq, heard.payload) == (ada.welcome["talker_id"], 7, b"opus")
        await ada.text("joined")
        await ada.text("joined")
        assert await ada.hears_nothing()


async def test_somebody_who_comes_learns_who_is_there_and_the_others_learn_who_came_and_went() -> None:
    async with House.open() as house:
        ada = await house.enter(name="Ada")
        await ada.socket.send_json({"type": "state", "muted": True, "away": False, "hand": True})
        assert await ada.hears_nothing()
        grace = await house.enter(name="  Gr\u202eace\n")
        ada_id, grace_id = ada.welcome["talker_id"], grace.welcome["talker_id"]
        [ada_there] = grace.welcome["members"]
        assert 0 < ada_there["hand_us"] <= grace.welcome["server_us"]
        assert ada_there == member(ada_id, "Ada", muted=True, hand=True, hand_us=ada_there["hand_us"])
        assert await ada.text("joined") == {"type": "joined", **member(grace_id, "Grace")}
        await grace.socket.send_json({"type": "leave"})
        assert await grace.close_code() == 1000
        assert await ada.text("left") == {"type": "left", "talker_id": grace_id}


async def test_rooms_do_not_hear_each_other() -> None:
    async with House.open(InviteStore({}, is_open=True)) as house:
        ada, grace = await house.enter("kitchen", ""), await house.enter("garden", "")
        await ada.socket.send_bytes(PACKET.serialize())
        assert await ada.hears_nothing()
        assert await grace.hears_nothing()


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            {"type": "state", "muted": True, "away": True, "hand": False},
            {"muted": True, "away": True, "hand": False, "hand_us": 0, "listening": False},
        ),
        ({"type": "chat", "text": " Gru\u0308ße\r\n\u202e\x07du "}, {"text": "Grüße\ndu"}),
    ],
    ids=lambda value: value.get("type"),
)
async def test_a_message_is_passed_on_with_its_sender(message: dict[str, Any], told: dict[str, Any]) -> None:
    async with House.open() as house:
        ada, grace = await house.enter(), await house.enter()
        await ada.socket.send_json(message)
        assert await grace.text(message["type"]) == {
            "type": message["type"],
            "talker_id": ada.welcome["talker_id"],
            **told,
        }


async def test_a_clock_is_passed_on_with_when_the_relay_had_it() -> None:
    clock = {"timestamp": 480, "server_us": 99, "device_us": -1, "sent_us": 120, "error_us": 7}
    async with House.open() as house:
        ada, grace = await house.enter(), await house.enter()
        await ada.socket.send_json({"type": "clock", **clock})
        told = await grace.text("clock")
        await ada.socket.send_json({"type": "ping", "t0": 5})
        pong = await ada.text("pong")
    assert clock.items() <= told.items()
    assert told["talker_id"] == ada.welcome["talker_id"]
    assert ada.welcome["server_us"] <= told["received_us"] <= told["relayed_us"] <= pong["t1"]


async def test_a_ping_is_answered_by_the_relay_s_clock() -> None:
    async with House.open() as house:
        ada = await house.enter()
        await ada.socket.send_json({"type": "ping", "t0": 5})
        pong = await ada.text("pong")
        assert pong["t0"] == 5
        assert ada.welcome["server_us"] <= pong["t1"] <= pong["t2"]


async def test_in_the_echo_room_one_hears_oneself_a_second_later_and_nobody_else() -> None:
    async with House.open() as house:
        ada, grace = await house.enter("echo", ""), await house.enter("echo", "")
        assert [member["name"] for member in ada.welcome["members"]] == ["Echo"]
        loop = asyncio.get_running_loop()
        sent = loop.time()
        await ada.socket.send_bytes(PACKET.serialize())
        heard = await ada.packet()
        assert heard.talker_id == ada.welcome["members"][0]["talker_id"]
        assert 0.99 <= loop.time() - sent < 1.5
        assert await grace.hears_nothing()


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ({"key": KEY}, (400, "bad-room")),
        ({"room": "two  spaces", "key": KEY}, (400, "bad-room")),
        ({"room": "r" * 65, "key": KEY}, (400, "bad-room")),
        ({"room": "cellar", "key": KEY}, (404, "no-room")),
        ({"room": "home"}, (401, "key-required")),
        ({"room": "home", "key": "wrong"}, (403, "key-wrong")),
        ({"room": "home", "key": "schlüssel"}, (403, "key-wrong")),
        ({"room": "home", "key": KEY, "name": "n" * 41}, (400, "bad-name")),
        ({"room": "home", "key": KEY, "name": "\u202e"}, (400, "bad-name")),
        ({"room": "home", "key": KEY}, (400, "bad-handshake")),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
async def test_somebody_who_may_not_enter_is_told_why(
    query: dict[str, str], refusal: tuple[int, str]
) -> None:
    async with House.open() as house:
        assert await house.refusal(**query) == refusal


@pytest.mark.parametrize("offered", [[], ["chat"], ["streamer.v2", "streamer.v11"]])
async def test_without_the_subprotocol_nobody_enters(offered: list[str]) -> None:
    async with House.open() as house:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await house.http.ws_connect(
                f"{house.url}/ws", params={"room": "home", "key": KEY}, protocols=offered
            )
        assert caught.value.status == 400


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hello", "bad-json"),
        ("[]", "bad-json"),
        ('{"type":"ping"}', "bad-field"),
        ('{"type":"chat","text":""}', "bad-field"),
        ('{"type":"chat","text":"%s"}' % ("x" * 2001), "bad-field"),
    ],
)
async def test_a_bad_text_ends_its_own_session_only(text: str, code: str) -> None:
    async with House.open() as house:
        ada, grace = await house.enter(), await house.enter()
        await ada.socket.send_str(text)
        assert (await ada.text("error"))["code"] == code
        assert await ada.close_code() == 4400
        assert await grace.text("left")
        assert await grace.hears_nothing()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(12),
        b"\x20" + PACKET.serialize()[1:],
        b"\x11" + PACKET.serialize()[1:],
        Packet(seq=1, timestamp=1, payload=b"x", talker_id=3).serialize(),
        PACKET.serialize() + bytes(1500),
    ],
    ids=["empty", "too short", "another version", "another kind", "somebody else's", "too long"],
)
async def test_a_bad_packet_ends_its_own_session_and_nobody_hears_it(data: bytes) -> None:
    async with House.open() as house:
        ada, grace = await house.enter(), await house.enter()
        await ada.socket.send_bytes(data)
        assert (await ada.text("error"))["code"] == "bad-packet"
        assert await ada.close_code() == 4400
        assert await grace.text("left")


async def test_an_unknown_type_is_answered_and_the_session_goes_on() -> None:
    async with House.open() as house:
        ada = await house.enter()
        await ada.socket.send_json({"type": "dance"})
        assert (await ada.text("error"))["code"] == "unknown-type"
        assert await ada.hears_nothing()


async def test_a_text_beyond_the_limit_closes_with_1009() -> None:
    async with House.open() as house:
        ada = await house.enter()
        await ada.socket.send_str("x" * (MAX_TEXT_BYTES + 1))
        assert await ada.close_code() == 1009


async def test_what_comes_behind_a_refused_handshake_reaches_nobody() -> None:
    async with House.open() as house:
        grace = await house.enter()
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        request = (
            "GET /ws?room=home&key=wrong HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        )
        request += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        frame = b"\x82" + bytes([0x80 | len(PACKET.serialize())]) + bytes(4) + PACKET.serialize()
        writer.write(request.encode() + b"Sec-WebSocket-Protocol: streamer.v1\r\n\r\n" + frame)
        assert (await reader.readline()).startswith(b"HTTP/1.1 403")
        writer.close()
        assert await grace.hears_nothing()


async def test_when_the_relay_drains_everyone_is_told_1001() -> None:
    async with House.open() as house:
        ada = await house.enter()
        draining = asyncio.create_task(ada.close_code())
        await asyncio.sleep(0)
    assert await draining == 1001


async def test_healthz_counts_rooms_and_members() -> None:
    async with House.open() as house:
        ada = await house.enter()
        async with house.http.get(f"{house.url}/healthz") as response:
            health = await response.json()
        assert (health["status"], health["rooms"], health["members"]) == ("ok", 1, 1)
        assert not ada.socket.closed


async def test_a_room_is_gone_with_its_last_member() -> None:
    async with House.open() as house:
        gc.disable()
        ada = await house.enter()
        await ada.socket.close()
        await house.wait_for_metric("streamer_rooms", 0)
        gc.enable()
