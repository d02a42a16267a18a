"""What the relays of a service share beside members and voice, and what keeps two services apart."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_fixture import know_each_other, people, relay_of, relays, until
from nats_server import NatsServer
from relay_fixture import HOST_KEY, KEY, Guest

from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.access.tokens import TokenStore
from streamer.relay.cluster.address import ClusterAddress
from streamer.relay.cluster.bus import Bus
from streamer.relay.cluster.messages import key_of

ONE_AT_A_TIME = {"type": "one_at_a_time", "on": True}


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as nats:
        yield nats


async def test_the_invitations_and_the_key_of_the_first_relay_are_good_on_all(nats: NatsServer) -> None:
    first = InviteStore({"home": Invite("first")}, "host-of-first")
    second = InviteStore({"home": Invite("second")}, "host-of-second")
    async with (
        relay_of(nats.url, source="a", admission=first) as here,
        relay_of(nats.url, source="b", admission=second) as there,
    ):
        await know_each_other(here, there)
        assert (await there.refusal(room="home", key="second"))[1] == "key-wrong"
        host = await there.enter(key="host-of-first", name="Host")
        assert host.welcome["host"]
        await host.socket.send_json({"type": "invite", "hours": 0, "uses": 1})
        renewed = (await host.text("invite"))["invites"][0]["key"]
        await until(lambda: first.key("home") == renewed)
        guest = await here.enter(key=renewed, name="Bob")
        assert guest.welcome["name"] == "Bob"
        invite = second.invite
        await until(lambda: (known := invite("home")) is not None and known.uses_left == 0)
        assert (await there.refusal(room="home", key=renewed))[1] == "key-used-up"


async def test_a_token_of_one_relay_is_good_on_all_until_it_is_revoked(
    nats: NatsServer, tmp_path: Path
) -> None:
    path = tmp_path / "tokens.json"
    token, secret = TokenStore(path).create("Robot", frozenset({"read"}), "", 0)
    async with relay_of(nats.url, source="a", tokens=path) as here, relay_of(nats.url, source="b") as there:
        await know_each_other(here, there)
        program = Guest(await there.socket(key="", token=secret, name="Robot"))
        assert (await program.text("welcome"))["role"] == "listen"
        TokenStore(path).revoke(token.id)
        assert await program.close_code() == 4401


async def test_of_two_who_ask_on_two_relays_one_has_the_floor(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there):
        host = await here.enter(key=HOST_KEY, name="Host")
        guests = [await house.enter(name=name) for house, name in ((here, "Ada"), (there, "Bob"))]
        await until(lambda: people(here) == people(there) == ["Ada", "Bob", "Host"])
        await host.socket.send_json(ONE_AT_A_TIME)
        for guest in guests:
            assert (await guest.text("floor"))["on"]
        for guest in guests:
            await guest.socket.send_json({"type": "floor", "wants": True})
        rooms = [house.relay.lobby.room("home") for house in (here, there)]
        ids = {guest.welcome["talker_id"] for guest in guests}
        await until(lambda: rooms[0].floor.holder == rooms[1].floor.holder and rooms[0].floor.holder in ids)
        [holder] = [guest for guest in guests if guest.welcome["talker_id"] == rooms[0].floor.holder]
        await holder.socket.send_json({"type": "floor", "wants": False})
        await until(lambda: not rooms[0].floor.holder and not rooms[1].floor.holder)


async def test_a_command_crosses_relays_and_its_answer_comes_back(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there):
        host, device = await here.enter(key=HOST_KEY, name="Host"), await there.enter(name="Gate")
        await host.text("joined")
        command = {
            "type": "command", "talker_id": device.welcome["talker_id"], "id": 7, "device": "",
            "name": "open",
            "arguments": {"seconds": 20}, "deadline_ms": 20_000,
        }  # fmt: skip
        await host.socket.send_json(command)
        asked = await device.text("command")
        assert (asked["sender"], asked["arguments"]) == ("Host", {"seconds": 20})
        await device.socket.send_json(
            {"type": "result", "id": asked["id"], "outcome": "done", "message": "it is open"}
        )
        result = await host.text("result")
        assert (result["id"], result["outcome"], result["message"]) == (7, "done", "it is open")


async def test_a_notice_crosses_relays_and_its_answer_comes_back(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there):
        host, guest = await here.enter(key=HOST_KEY, name="Host"), await there.enter(name="Bob")
        await host.text("joined")
        notice = {"type": "notify", "id": 1, "text": "Dinner?", "level": "info", "actions": ["Yes", "No"]}
        await host.socket.send_json(notice)
        told = await guest.text("notice")
        assert (told["name"], told["actions"]) == ("Host", ["Yes", "No"])
        await guest.socket.send_json({"type": "reply", "id": told["id"], "action": 1})
        reply = await host.text("reply")
        assert (reply["id"], reply["name"], reply["action"]) == (told["id"], "Bob", 1)


async def test_hands_captions_readings_and_clocks_cross_relays(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there):
        host, guest = await here.enter(key=HOST_KEY, name="Host"), await there.enter(name="Bob")
        talker_id = (await host.text("joined"))["talker_id"]
        await guest.socket.send_json({"type": "state", "muted": False, "away": False, "hand": True})
        assert (await host.text("state"))["hand"]
        await guest.socket.send_json({"type": "captions", "on": True})
        line = {"id": 3, "start_ms": 1, "end_ms": 2, "text": "Hello.", "final": True}
        await host.socket.send_json({"type": "caption", "talker_id": talker_id, **line})
        assert (await guest.text("caption"))["text"] == "Hello."
        await host.socket.send_json({"type": "keep_captions", "on": True})
        assert (await guest.text("keep_captions"))["on"]
        await host.socket.send_json({"type": "caption", "talker_id": talker_id, **line})
        assert (await guest.text("chat"))["caption"] is True
        assert (await host.text("chat"))["text"] == "Hello."
        for house in (here, there):
            late = await house.enter()
            assert [said["text"] for said in late.welcome["history"] if said.get("caption")] == ["Hello."]
        await guest.socket.send_json({"type": "telemetry", "device": "gate", "values": {"open": True}})
        assert (await host.text("telemetry"))["values"] == {"open": True}
        await until(lambda: here.cluster.to_own_us(there.cluster.id) is not None)
        now_us = guest.welcome["server_us"]
        clock = {"timestamp": 480, "server_us": now_us, "device_us": -1, "sent_us": now_us, "error_us": 100}
        await guest.socket.send_json({"type": "clock", **clock})
        told = await host.text("clock")
        assert told["talker_id"] == talker_id
        assert abs(told["server_us"] - now_us) <= told["error_us"]  # one computer, one clock
        assert told["relayed_us"] >= told["received_us"] - told["error_us"]


async def test_two_services_at_one_server_know_nothing_of_each_other(nats: NatsServer) -> None:
    async with relay_of(nats.url, name="one") as one, relay_of(nats.url, name="two") as two:
        first, second = await one.enter(name="Ada"), await two.enter(name="Bob")
        await first.socket.send_json({"type": "chat", "text": "hello"})
        await first.text("chat")
        async with relay_of(nats.url, name="one", source="b") as third:
            await until(lambda: third.cluster.addresses)
            later = await third.enter(name="Eve")
            assert [member["name"] for member in later.welcome["members"]] == ["Ada"]
        assert people(two) == ["Bob"]
        assert not two.cluster.addresses
        assert not second.socket.closed


async def test_relays_of_different_versions_refuse_each_other_and_say_so(nats: NatsServer) -> None:
    async with relay_of(nats.url, version="1") as old:
        guest = await old.enter(name="Ada")
        async with relay_of(nats.url, version="2", source="b") as new:
            await until(lambda: new.cluster.trouble)
            assert "version 1" in new.cluster.trouble
            assert "this one runs 2" in new.cluster.trouble
            alone = await new.enter(name="Bob")
            assert (people(old), people(new)) == (["Ada"], ["Bob"])
            assert not guest.socket.closed
            assert not alone.socket.closed


HOSTILE = [
    b"", b"\xff\xfe", b"[" * 30_000, b'{"type":' + b'{"a":' * 5_000, b"null", b'{"type":"member"}',
    b"x" * 900_000,
    json.dumps({"type": "said", "relay": "r", "message": {"type": "welcome"}}).encode(),
    json.dumps({"type": "to-member", "relay": 7, "room": [], "talker_id": "x"}).encode(),
    json.dumps({"type": "live", "version": "1", "slot": 10**30, "url": "", "server_us": -1}).encode(),
]  # fmt: skip


KEYS = [
    "present.m.ROOM.5", "present.f.ROOM", "present.m.x.y.z", "live.stranger", "hour.session.x", "hour.slot.9",
    "kept.host", "kept.d.ROOM", "kept.i.ROOM", "kept.t.x", "lines.ROOM",
]  # fmt: skip


async def test_what_a_stranger_says_by_nats_hurts_no_relay(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there):
        talker, listener = await here.enter(name="Ada"), await there.enter(name="Bob")
        await until(lambda: people(here) == people(there) == ["Ada", "Bob"])
        stranger = Bus(ClusterAddress.parse(nats.url, "test"))
        await stranger.open("stranger")
        room, own = key_of("home"), here.cluster.id
        for data in HOSTILE:
            for subject in (f"voice.{room}", f"text.{room}", f"relay.{own}", "voice.x", "text.%%"):
                await stranger.publish(f"streamer.test.{subject}", data)
            for key in KEYS:
                bucket, _, rest = key.replace("ROOM", room).partition(".")
                await stranger.publish(f"$KV.streamer-test-{bucket}.{rest}", data)
        for _ in range(3_000):
            await stranger.publish(f"streamer.test.voice.{room}", b"\x00\x0d" + b"\x10" * 13)
        await until(lambda: here.cluster.counts["unusable"] > 50)
        await stranger.close()
        await talker.socket.send_json({"type": "chat", "text": "still here"})
        assert (await listener.text("chat"))["text"] == "still here"
        assert people(here) == people(there) == ["Ada", "Bob"]
        later = await there.enter(key=KEY, name="Eve")
        assert later.welcome["talker_id"]
