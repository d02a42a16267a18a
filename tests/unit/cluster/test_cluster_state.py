"""What relays of a service have stored and told: that it neither ages, nor arrives too late, nor in a wrong
order."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic, monotonic_ns, time
from typing import Any

import pytest
from cluster_fixture import people, relay_of, relays, stranger, until, until_stored
from nats_server import NatsServer
from relay_fixture import HOST_KEY, PACKET

from streamer.relay.access.tokens import MAX_TOKENS, SCOPES, TokenStore
from streamer.relay.cluster import buckets, clock, cluster
from streamer.relay.cluster.buckets import Buckets
from streamer.relay.cluster.bus import Bucket, Entry
from streamer.relay.cluster.clock import JUST_S, NatsClock
from streamer.relay.cluster.messages import VALUES, digest, key_of, parse_bytes
from streamer.relay.cluster.peers import Peers
from streamer.relay.cluster.puts import Puts
from streamer.relay.cluster.remote_member import RemoteMember
from streamer.relay.cluster.rules import Rules
from streamer.relay.cluster.voice import pack
from streamer.relay.rooms.decisions import Decisions
from streamer.websocket.sink import Flusher
from streamer.wire.control import serialize

STORED = Buckets.of("test")


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as nats:
        yield nats


async def test_the_floor_moves_on_all_relays_after_a_long_silence(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "PRESENT_S", 1.0)
    async with relays(nats.url, 2) as (here, there), stranger(nats.url) as bus:
        host, guest = await here.enter(key=HOST_KEY, name="Host"), await there.enter(name="Bob")
        rooms = [house.relay.lobby.room("home") for house in (here, there)]
        await until(lambda: people(here) == people(there) == ["Bob", "Host"])
        await host.socket.send_json({"type": "one_at_a_time", "on": True})
        await until(lambda: all(room.floor.is_on for room in rooms))

        def all_have(holder: int) -> bool:
            return {room.floor.holder for room in rooms} == {holder}

        for wants in (True, False):
            await host.socket.send_json({"type": "floor", "wants": wants})
            holder = host.welcome["talker_id"] if wants else 0
            await until(partial(all_have, holder))
        await until_stored(bus, STORED.present, f"f.{key_of('home')}", lambda revision: revision == 0)
        await guest.socket.send_json({"type": "floor", "wants": True})
        await until(lambda: all_have(guest.welcome["talker_id"]))


async def test_a_session_does_not_expire_while_its_member_is_here(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "SESSIONS_AGAIN_S", 0.05)
    monkeypatch.setattr(cluster, "REFRESH_S", 0.05)
    async with relay_of(nats.url) as house, stranger(nats.url) as bus:
        guest = await house.enter(name="Ada")
        key = f"session.{digest(guest.welcome['resume'])}"
        await until_stored(bus, STORED.hour, key, lambda revision: revision > 0)
        found = await bus.get(STORED.hour, key)
        assert found
        await until_stored(bus, STORED.hour, key, lambda revision: revision > found[1])


async def test_voice_that_a_relay_reads_too_late_is_shed(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there), stranger(nats.url) as bus:
        talker, listener = await here.enter(name="Ada"), await there.enter(name="Bob")
        await until(lambda: people(here) == people(there) == ["Ada", "Bob"])
        await until(lambda: there.cluster.to_own_us(here.cluster.id) is not None)
        packet = replace(PACKET, talker_id=talker.welcome["talker_id"])
        late_us = monotonic_ns() // 1_000 - 2 * there.cluster.flusher.deadline_us
        await bus.publish(f"streamer.test.voice.{key_of('home')}", pack([packet.serialize()] * 3, late_us))
        await until(lambda: there.cluster.counts["stale_packet"] == 3)
        fresh = replace(packet, seq=9).serialize()
        await bus.publish(f"streamer.test.voice.{key_of('home')}", pack([fresh], monotonic_ns() // 1_000))
        assert (await listener.packet()).seq == 9


async def test_chat_is_read_by_who_comes_later_whatever_the_clock_of_a_relay_says(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "time", lambda: time() + 7_200)
    async with relays(nats.url, 2) as (here, there):
        guest, watcher = await here.enter(name="Ada"), await there.enter(name="Bob")
        await guest.socket.send_json({"type": "chat", "text": "Hello"})
        assert (await watcher.text("chat"))["text"] == "Hello"
        later = await there.enter(name="Eve")
        assert [line["text"] for line in later.welcome["history"]] == ["Hello"]


def test_a_line_is_told_once_and_not_again_when_a_watch_begins_anew() -> None:
    nats = NatsClock()
    assert not nats.is_news(1e9, is_new=False)  # before this relay came
    nats.take(1e9)
    assert nats.is_news(1e9, is_new=True)
    assert not nats.is_news(1e9 - 2 * JUST_S, is_new=True)
    nats.lose()
    nats.take(1e9 + 500)
    assert nats.is_news(1e9 + 100, is_new=False)
    assert not nats.is_news(1e9 - 2 * JUST_S, is_new=False)
    assert 399 < nats.age_s(1e9 + 100) < 401


def test_who_decides_what_is_the_same_for_all_in_whichever_order_it_is_heard() -> None:
    decisions, puts = Decisions(), Puts()
    rules = Rules("a", STORED.kept, puts, lambda name: None, decisions, lambda room: None)
    key = f"d.{key_of('home')}"

    def stored(relay: str, revision: int, *, locked: bool) -> None:
        value: Any = {"type": "decided", "relay": relay, "by": 1, "locked": locked, "barred": []}
        rules.take(Entry(key, b"", revision, 0.0, is_new=True), value)

    decisions.keep("home", locked=True, one_at_a_time=False)
    rules.decided("home")
    stored("b", 9, locked=False)
    assert decisions.of("home").locked  # what waits here will be stored behind that
    puts.forget(STORED.kept)  # it was stored, and comes back
    stored("b", 10, locked=False)
    stored("a", 11, locked=True)
    assert decisions.of("home").locked
    decisions.keep("home", locked=False, one_at_a_time=False)
    rules.decided("home")
    puts.forget(STORED.kept)
    stored("a", 11, locked=True)
    assert not decisions.of("home").locked  # an echo of what the host has changed since


async def test_what_is_on_its_way_to_nats_is_not_ahead_of_what_comes_from_there() -> None:
    puts, storing = Puts(), asyncio.Event()
    puts.put(STORED.kept, "d.x", {"a": 1})

    class Slow:
        async def put(self, *_: object) -> None:
            storing.set()
            await asyncio.Event().wait()

    assert puts.is_waiting(STORED.kept, "d.x")
    run = asyncio.create_task(puts.run(Slow()))  # type: ignore[arg-type]
    await storing.wait()
    assert not puts.is_waiting(STORED.kept, "d.x")
    puts.put(STORED.kept, "d.x", {"a": 2})
    assert puts.is_waiting(STORED.kept, "d.x")
    run.cancel()
    await asyncio.wait({run})
    assert puts.is_waiting(STORED.kept, "d.x")


async def test_what_could_not_be_stored_is_stored_with_the_next_connection() -> None:
    puts, taken = Puts(), []
    puts.put(STORED.kept, "d.x", {"a": 1})

    class Broken:
        async def put(self, *_: object) -> None:
            raise OSError

    class Whole:
        async def put(self, bucket: Bucket, key: str, value: bytes) -> None:
            taken.append(key)

    with pytest.raises(OSError):  # noqa: PT011 (the very one from above)
        await puts.run(Broken())  # type: ignore[arg-type]
    run = asyncio.create_task(puts.run(Whole()))  # type: ignore[arg-type]
    await until(lambda: taken == ["d.x"])
    run.cancel()
    await asyncio.wait({run})


async def test_a_value_that_comes_while_others_are_being_stored_is_not_taken_for_the_one_before() -> None:
    puts, taken = Puts(), []
    for key in ("first", "second"):
        puts.put(STORED.kept, key, {"a": 1})

    class Server:
        async def put(self, bucket: Bucket, key: str, value: bytes) -> None:
            taken.append((key, value))
            if key == "first":
                puts.put(STORED.kept, "second", {"a": 2})

    run = asyncio.create_task(puts.run(Server()))  # type: ignore[arg-type]
    await until(lambda: not puts.has(STORED.kept, "second"))
    assert taken[-1] == ("second", b'{"a":2}')
    run.cancel()
    await asyncio.wait({run})


def test_all_tokens_of_a_relay_fit_into_one_stored_value(tmp_path: Path) -> None:
    token, _ = TokenStore(tmp_path / "tokens.json").create("🙂" * 32, frozenset(SCOPES), "x" * 64, 0)
    data = serialize({"type": "tokens", "tokens": [token.fields] * MAX_TOKENS}).encode()
    assert len(parse_bytes(data, VALUES)["tokens"]) == MAX_TOKENS


def test_a_clock_that_slept_is_known_anew_at_once() -> None:
    peers = Peers("own", "1")
    peers.take("other", {"type": "live", "version": "1", "slot": 1, "url": ""}, monotonic())
    for at in range(0, 1_000, 100):
        peers.take_time("other", at, at + 5_010, at + 20)
    assert peers.to_own_us("other") == -5_000
    peers.take_time("other", 2_000, 2_500, 2_400)  # its answer took long, and it slept 4.7 ms before that
    assert peers.to_own_us("other") == -300
    peers.take_time("other", 3_000, 3_310, 3_020)
    assert peers.to_own_us("other") == -300


def test_the_order_of_hands_is_right_as_soon_as_the_clock_of_their_relay_is_known() -> None:
    member = RemoteMember("home", 5, "own", Flusher.__new__(Flusher), lambda relay, message: None)
    present: Any = {
        "relay": "other", "session": "", "term": 1, "name": "Ada", "asked_name": "Ada", "right": "guest",
        "muted": False, "away": False, "hand": True, "hand_us": 7_000, "listening": False,
    }  # fmt: skip
    before_us = monotonic_ns() // 1_000
    member.take(present, None)
    assert before_us <= member.hand_us <= monotonic_ns() // 1_000
    member.take(present, 500)
    assert member.hand_us == 7_500
    member.take(present, 503)  # the clock is known better: nobody's hand moves for that
    assert member.hand_us == 7_500


async def test_who_sits_before_a_relay_and_no_host_locked_a_room_there(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there):
        host, guest = await here.enter(key=HOST_KEY, name="Host"), await there.enter(name="Bob")
        await until(lambda: people(here) == people(there) == ["Bob", "Host"])
        for locked in (True, False):
            await host.socket.send_json({"type": "lock", "locked": locked})
            assert (await guest.text("lock"))["talker_id"] == host.welcome["talker_id"]
        here.relay.lobby.lock("home", locked=True)
        told = await guest.text("lock")
        assert (told["locked"], told["talker_id"]) == (True, 0)
