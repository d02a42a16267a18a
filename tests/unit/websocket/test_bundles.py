"""Packets of several talkers in one message: for whom, when, in which order, and how late ones are shed."""

import asyncio
import json
import random
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from bundled_room import BUNDLE, BundledRoom, packets_of
from relay_fixture import PACKET, PATIENCE_S, Guest, House

from streamer.websocket.bundle import TalkersAtOnce
from streamer.websocket.connection import Connection
from streamer.websocket.fanout import Fanout
from streamer.websocket.sink import Sink
from streamer.wire.packet import MAX_PACKET_BYTES, Packet

PROTOCOL: Final = Path(__file__).parents[3] / "streamer/wire/PROTOCOL.md"
VECTORS: Final = json.loads((Path(__file__).parents[2] / "vectors/bundles.json").read_text(encoding="utf-8"))
TALKING_US: Final = 100_000
CLOSE: Final = 8
"""The opcode (RFC 6455, section 5.2)."""
WINDOW_US: Final = 2_500
TAKES: Final = {"bundles": "1"}


@pytest.fixture
def room() -> Iterator[BundledRoom]:
    opened = BundledRoom()
    yield opened
    opened.close()


def talkers(room: BundledRoom, count: int) -> list[Connection]:
    for _ in range(count):
        room.enter()
    return room.members


# when


def test_four_who_talk_at_once_are_many_until_fewer_than_three_are_left(room: BundledRoom) -> None:
    ada, bob, cid, dot = talkers(room, 4)
    at_once = TalkersAtOnce()
    assert [at_once.talk(each, 0) for each in (ada, bob, cid, dot, ada)] == [False, False, False, True, True]
    assert [at_once.talk(each, 80_000) for each in (bob, cid, bob)] == [True] * 3
    now_us = 80_000 + TALKING_US // 2
    assert [at_once.talk(each, now_us) for each in (ada, bob, cid)] == [True] * 3, "three go on"
    now_us += TALKING_US - 1
    assert [at_once.talk(each, now_us) for each in (ada, bob)] == [True, True]
    assert not at_once.talk(ada, now_us + 2), "the third has been silent for long"
    now_us += 10
    assert [at_once.talk(each, now_us) for each in (ada, bob, cid)] == [False] * 3, "three don't begin"
    assert at_once.talk(dot, now_us)


def test_whoever_talks_alone_is_never_many_however_much(room: BundledRoom) -> None:
    (ada,) = talkers(room, 1)
    at_once = TalkersAtOnce()
    assert not any(at_once.talk(ada, now_us) for now_us in range(0, 1_000_000, 100))


def test_three_who_talk_one_after_the_other_or_at_once_wait_for_nobody(room: BundledRoom) -> None:
    talkers(room, 4)
    for number in range(300):
        room.say(number % 3, b"voice %d" % number)
        room.flusher.flush()
        assert len(room.ears[3].voice) == number + 1, "at the end of the loop's turn at the latest"
    assert (room.flusher.traffic.held, room.flusher.traffic.bundles, room.loop.delays_s) == (0, 0, [])


def test_a_room_whose_members_take_no_bundles_holds_nothing(room: BundledRoom) -> None:
    for _ in range(6):
        room.enter(takes=False)
    for number in range(300):
        room.say(number % 6, b"voice")
    assert (room.flusher.traffic.held, room.loop.delays_s) == (0, [])


def test_where_voice_is_stale_sooner_than_a_few_windows_nothing_waits() -> None:
    room = BundledRoom(deadline_ms=9)
    talkers(room, 6)
    for number in range(60):
        room.say(number % 6, b"voice")
    assert room.flusher.traffic.held == 0
    room.close()


def test_no_packet_waits_longer_than_a_window_although_the_timer_is_late(room: BundledRoom) -> None:
    talkers(room, 5)
    room.many_talk()
    assert max(room.loop.delays_s) * 1e6 <= WINDOW_US
    room.say(0, b"first")
    time.sleep(WINDOW_US / 1e6)
    room.say(1, b"second")
    assert room.ears[4].packets == [b"first", b"second"], "the next packet ends the window, too"


def test_where_a_window_ends_late_nothing_waits_for_a_while_and_then_they_do_again(room: BundledRoom) -> None:
    talkers(room, 5)
    room.hold(b"a", b"b")
    time.sleep(0.006)
    ending_s = time.monotonic()
    room.give_out()
    while True:
        for member in range(4):
            room.say(member, b"hm")
        is_held = room.fanout.held > 0
        room.give_out()
        if is_held:
            break
    assert time.monotonic() - ending_s >= 0.25


# what


@pytest.mark.parametrize("vector", VECTORS["good"], ids=lambda vector: vector["name"])
def test_what_several_say_is_one_message(vector: dict[str, Any], room: BundledRoom) -> None:
    talkers(room, 4)
    packets = [bytes.fromhex(each) for each in vector["packets"]]
    listener = room.enter()
    room.hold(*packets)
    room.give_out()
    assert listener.voice == [bytes.fromhex(vector["message"])]
    assert listener.packets == packets


def test_each_gets_what_the_others_say_and_nothing_of_its_own(room: BundledRoom) -> None:
    listener = room.enter()
    talkers(room, 4)
    room.many_talk(5)
    said = [(member, b"%d says %d" % (member, number)) for number in range(2) for member in (1, 2, 3)]
    for member, packet in said:
        room.say(member, packet)
    room.give_out()
    assert listener.packets == [packet for _, packet in said]
    for member in (1, 2, 3):
        assert room.ears[member].packets == [packet for each, packet in said if each != member]


def test_a_packet_that_is_alone_leaves_as_it_is(room: BundledRoom) -> None:
    talkers(room, 5)
    room.hold(b"alone")
    room.give_out()
    assert [ear.voice for ear in room.ears] == [[], *[[b"alone"]] * 4]


def test_packets_that_do_not_fit_into_one_message_leave_in_several(room: BundledRoom) -> None:
    talkers(room, 5)
    room.many_talk()
    sizes = (MAX_PACKET_BYTES, 13, MAX_PACKET_BYTES, 700, 700, 700, *[13] * 100)
    said = [(number % 4, bytes([BUNDLE + 1 + number]) * size) for number, size in enumerate(sizes)]
    for member, packet in said:
        room.say(member, packet)
    room.give_out()
    assert max(map(len, room.ears[4].voice)) <= MAX_PACKET_BYTES
    assert room.ears[4].packets == [packet for _, packet in said]


def test_those_who_did_not_ask_and_recorders_and_observers_get_each_packet_at_once(room: BundledRoom) -> None:
    class Watcher:
        def __init__(self) -> None:
            self.packets: list[bytes] = []

        def push(self, packet: bytes, now_us: int) -> None:
            self.packets.append(packet)

    talkers(room, 4)
    plain, recorder, watcher = room.enter(takes=False), room.enter(takes=False, records=True), Watcher()
    room.fanout.add_observer(watcher)
    room.many_talk()
    watcher.packets.clear()
    said = [b"voice %d" % number for number in range(40)]
    for number, packet in enumerate(said):
        room.say(number % 4, packet)
        room.flusher.flush()
        assert plain.voice == recorder.voice == watcher.packets == said[: number + 1]
    room.fanout.give_held()
    assert room.flusher.traffic.held


ACTS: Final = ("say", "enter", "leave", "give out", "end the window", "pause", "resume")
ODDS: Final = (78, 4, 2, 6, 6, 2, 2)


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_said_everybody_else_gets_it_once_and_in_order(seed: int, room: BundledRoom) -> None:
    rng = random.Random(seed)
    expected: list[list[bytes]] = []
    present: list[int] = []
    for number in range(rng.choice((30, 300))):
        act = "enter" if len(present) < 2 else rng.choices(ACTS, ODDS)[0]
        room.hand_on()
        if act == "enter":
            present.append(len(expected))
            expected.append([])
            room.enter(takes=rng.random() < 0.7)
        elif act == "say":
            sender = rng.choice(present)
            packet = number.to_bytes(2, "big") + rng.randbytes(rng.choice((11, 80, 300, 700, 1_498)))
            room.say(sender, packet)
            for other in {*present} - {sender}:
                expected[other].append(packet)
        else:
            do(act, room, present, rng)
    for member in room.members:
        member.resume_writing()
    room.give_out()
    assert [ear.packets for ear in room.ears] == expected


def do(act: str, room: BundledRoom, present: list[int], rng: random.Random) -> None:
    match act:
        case "leave":
            room.fanout.discard(room.members[present.pop(rng.randrange(len(present)))])
        case "give out":
            room.fanout.give_held()
        case "end the window":
            room.give_out()
        case "pause":
            room.members[rng.choice(present)].pause_writing()
        case "resume":
            room.members[rng.choice(present)].resume_writing()


# backpressure, and late packets


def test_for_a_listener_who_takes_nothing_each_packet_waits_and_grows_stale_by_itself() -> None:
    room = BundledRoom(deadline_ms=100)
    talkers(room, 5)
    room.hold(b"old 0", b"old 1")
    room.members[4].pause_writing()
    room.fanout.give_held()
    time.sleep(0.11)
    is_certain = False
    while not is_certain:  # or else this machine stood still, and what is new is stale as well
        began = time.monotonic()
        room.hold(b"new 0", b"new 1")
        room.fanout.give_held()
        room.members[4].resume_writing()
        room.give_out()
        is_certain = time.monotonic() - began < 0.09
        heard = [packet for packet in room.ears[4].voice if packet != b"hm"]
        room.members[4].pause_writing()
    assert heard == [b"new 0", b"new 1"], "not as one message, and nothing that is old"
    assert room.flusher.traffic.shed_late + room.flusher.traffic.shed_held_up >= 2
    room.close()


def test_what_a_relay_that_stood_still_has_held_is_stale_and_counted() -> None:
    room = BundledRoom(deadline_ms=50)
    talkers(room, 5)
    room.hold(b"stale 0", b"stale 1")
    before = room.flusher.traffic.shed_held_up
    time.sleep(0.06)
    room.give_out()
    assert room.ears[4].packets == []
    assert room.flusher.traffic.shed_held_up == before + 2
    assert room.flusher.traffic.shed_late == 0, "the listener was not slow"
    room.close()


def test_a_listener_who_reads_nothing_costs_no_more_memory_than_without_bundles(room: BundledRoom) -> None:
    talkers(room, 5)
    room.many_talk()
    room.members[4].pause_writing()
    for number in range(20_000):
        room.say(number % 4, b"x" * 80)
        if number % 16 == 0:
            room.give_out()
    room.give_out()
    room.members[4].resume_writing()
    room.give_out()
    assert len(room.ears[4].packets) == 8_192


def test_somebody_who_leaves_or_fails_amid_a_bundle_takes_it_from_nobody(room: BundledRoom) -> None:
    talkers(room, 8)
    room.hold(b"a", b"b")
    room.ears[5].on_write = lambda: everybody_leaves(room)
    room.give_out()
    assert [ear.packets for ear in room.ears[2:]] == [[b"a", b"b"]] * 6
    assert len(room.fanout) == 0


def everybody_leaves(room: BundledRoom) -> None:
    for member in room.members:
        room.fanout.discard(member)


def test_nothing_that_was_held_follows_a_close_frame(room: BundledRoom) -> None:
    talkers(room, 5)
    room.hold(b"a", b"b")
    room.ears[4].bytes_taken = 0
    room.members[4].close(1000)
    room.fanout.discard(room.members[4])
    room.give_out()
    assert room.ears[3].packets == [b"a", b"b"]
    assert (room.ears[4].messages, room.ears[4].bytes_taken) == ([(CLOSE, b"\x03\xe8")], 4)


def test_what_is_said_while_a_bundle_is_given_out_comes_behind_it(room: BundledRoom) -> None:
    talkers(room, 6)
    room.hold(b"a", b"b")
    room.ears[4].on_write = lambda: room.say(2, b"c") if len(room.ears[4].packets) == 2 else None
    room.give_out()
    assert [ear.packets for ear in room.ears[3:]] == [[b"a", b"b", b"c"]] * 3


def test_the_sample_of_the_document_is_a_bundle_of_what_it_says() -> None:
    (sample,) = re.findall(r"```bundle\n(.*?)```", PROTOCOL.read_text(encoding="utf-8"), re.DOTALL)
    assert bytes.fromhex(sample) == bytes.fromhex(VECTORS["good"][0]["message"])
    packets = [Packet.parse(packet) for packet in packets_of(bytes.fromhex(sample))]
    assert [(each.talker_id, each.payload.hex(" ")) for each in packets] == [(258, "fc ff fe"), (259, "7b")]


# a real relay on real sockets


async def talk_until_bundled(house: House, speakers: list[Guest], listener: Guest) -> tuple[list[bytes], int]:
    """The messages that the listener got, and how many packets were sent."""
    messages: list[bytes] = []
    sent = 0
    while not any(message[0] == 0x11 for message in messages):
        for speaker in speakers:
            await speaker.socket.send_bytes(replace(PACKET, seq=sent, timestamp=480 * sent).serialize())
            sent += 1
        await listener.socket.send_json({"type": "ping", "t0": sent})
        while True:
            message = await listener.socket.receive(PATIENCE_S)
            if isinstance(message.data, bytes):
                messages.append(message.data)
            elif message.json().get("t0") == sent:
                break
    return messages, sent


async def test_a_client_that_asked_gets_bundles_of_a_real_relay_and_one_that_did_not_gets_packets() -> None:
    async with House.open() as house:
        listener, other = await house.enter(**TAKES), await house.enter()
        speakers = [await house.enter() for _ in range(6)]
        messages, sent = await talk_until_bundled(house, speakers, listener)
        while (len_so_far := sum(len(packets_of(each)) for each in messages)) < sent:
            message = await listener.socket.receive(PATIENCE_S)
            messages += [message.data] if isinstance(message.data, bytes) else []
        assert len_so_far == sent
        seqs = [Packet.parse(packet).seq for each in messages for packet in packets_of(each)]
        assert sorted(seqs) == list(range(sent))
        assert {Packet.parse(packet).talker_id for each in messages for packet in packets_of(each)} == {
            speaker.welcome["talker_id"] for speaker in speakers
        }
        heard = [await other.packet() for _ in range(sent)]
        assert sorted(packet.seq for packet in heard) == list(range(sent))
        assert await house.metric("streamer_bundles_total") >= 1


async def test_a_bundle_from_a_client_is_refused_and_closes_its_session() -> None:
    async with House.open() as house:
        listener, enemy = await house.enter(**TAKES), await house.enter(**TAKES)
        await enemy.socket.send_bytes(bytes.fromhex(VECTORS["good"][0]["message"]))
        assert (await enemy.text("error"))["code"] == "bad-packet"
        assert await enemy.close_code() == 4400
        assert (await listener.text("left"))["talker_id"] == enemy.welcome["talker_id"]


@pytest.mark.parametrize("asked", ["0", "", "true", "11"])
async def test_only_the_word_of_the_document_asks_for_bundles(asked: str) -> None:
    async with House.open() as house:
        await house.enter(bundles=asked)
        (member,) = house.relay.lobby.room("home").members
        assert not member.sink.takes_bundles


async def test_before_the_room_is_told_anything_it_gives_out_what_it_holds() -> None:
    async with House.open() as house:
        guests = [await house.enter(**TAKES) for _ in range(6)]
        home = house.relay.lobby.room("home")
        sinks = [member.sink for member in home.members]
        while home.fanout.held != 1:  # a machine that stops us amid it has ended the window by itself
            home.fanout.give_held()
            for sink in sinks:
                home.fanout.send(PACKET.serialize(), sink)
            home.fanout.give_held()
            home.fanout.send(PACKET.serialize(), sinks[0])
        home.lock(0, locked=True)
        assert home.fanout.held == 0
        assert not any(guest.socket.closed for guest in guests)


async def test_a_newcomer_gets_its_welcome_first_and_nothing_that_was_said_before() -> None:
    async with House.open() as house:
        talkers = [await house.enter(**TAKES) for _ in range(6)]
        home = house.relay.lobby.room("home")
        sinks = [member.sink for member in home.members]
        talking = asyncio.create_task(keep_talking(home.fanout, sinks))
        for _ in range(20):
            newcomer = Guest(await house.socket(**TAKES))
            first = await newcomer.socket.receive(PATIENCE_S)
            assert not isinstance(first.data, bytes)
            assert first.json()["type"] == "welcome"
            await newcomer.socket.close()
        talking.cancel()
        assert sinks[0].flusher.traffic.held
        assert not any(talker.socket.closed for talker in talkers)


async def keep_talking(fanout: Fanout, sinks: list[Sink]) -> None:
    while True:
        for sink in sinks:
            fanout.send(PACKET.serialize(), sink)
        await asyncio.sleep(0)
