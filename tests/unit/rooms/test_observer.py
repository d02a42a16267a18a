"""Something that is no member takes part in a room: it gets what the members say, and nothing depends on
it."""

import logging
from collections import Counter
from typing import Any

import pytest
from relay_fixture import HOST_KEY, PACKET, House

from streamer.relay.rooms import used_rooms
from streamer.relay.rooms.observer import Observer
from streamer.relay.rooms.room import Room
from streamer.relay.rooms.shared_room import SharedRoom
from streamer.wire.messages import FromRelay
from streamer.wire.packet import Packet, stamp

CHAT = {"type": "chat", "text": "hello"}
STATE = {"type": "state", "muted": True, "away": False, "hand": False}


class PacketCounter:
    """Counts the packets and the messages of a room, by who sent them and by type."""

    def __init__(self) -> None:
        self.packets: Counter[int] = Counter()
        self.messages: Counter[str] = Counter()
        self.newest = b""

    def push(self, packet: bytes, now_us: int, /) -> None:
        self.newest = packet
        self.packets[Packet.parse(packet).talker_id] += 1

    def push_message(self, message: FromRelay, /) -> None:
        self.messages[message["type"]] += 1


class Broken:
    def push(self, packet: bytes, now_us: int, /) -> None:
        raise OSError("the disk is full")

    def push_message(self, message: FromRelay, /) -> None:
        raise OSError("the disk is full")


def observe(monkeypatch: pytest.MonkeyPatch, *observers: Observer) -> list[Room]:
    """Let them take part in every room that a relay makes from now on; the rooms come into the list."""
    rooms: list[Room] = []

    class Observed(SharedRoom):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            rooms.append(self)
            for observer in observers:
                self.add_observer(observer)

    monkeypatch.setattr(used_rooms, "SharedRoom", Observed)
    return rooms


async def test_an_observer_counts_what_is_said_in_a_room_and_is_no_member(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter = PacketCounter()
    observe(monkeypatch, counter)
    async with House.open() as house:
        ada = await house.enter(name="Ada")
        for _ in range(3):
            await ada.socket.send_bytes(PACKET.serialize())
        grace = await house.enter(name="Grace")
        assert [member["name"] for member in grace.welcome["members"]] == ["Ada"]
        await grace.socket.send_bytes(PACKET.serialize())
        await ada.packet()
        await ada.socket.send_json(CHAT)
        await ada.socket.send_json(STATE)
        await grace.text("state")
        await grace.socket.send_json({"type": "leave"})
        await ada.text("left")
    assert counter.packets == {ada.welcome["talker_id"]: 3, grace.welcome["talker_id"]: 1}
    assert counter.messages == {"joined": 2, "chat": 1, "state": 1, "left": 2}


async def test_what_the_host_decides_for_all_reaches_an_observer(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = PacketCounter()
    observe(monkeypatch, counter)
    async with House.open() as house:
        host, guest = await house.enter(key=HOST_KEY), await house.enter()
        await host.socket.send_json({"type": "lock", "locked": True})
        await host.socket.send_json({"type": "one_at_a_time", "on": True})
        await host.socket.send_json({"type": "only_hosts", "on": True})
        await guest.text("role")
    assert {"lock", "floor", "only_hosts", "role"} <= counter.messages.keys()


@pytest.mark.parametrize("size", [1, 109, 110, 1_000, 1_400])
async def test_a_packet_of_any_size_comes_as_the_protocol_describes_it(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    counter = PacketCounter()
    observe(monkeypatch, counter)
    sent = Packet(seq=7, timestamp=480, payload=bytes(range(256))[:1] * size).serialize()
    async with House.open() as house:
        ada, grace = await house.enter(), await house.enter()
        await ada.socket.send_bytes(sent)
        await grace.packet()
    assert counter.newest == stamp(sent, ada.welcome["talker_id"])


async def test_an_observer_that_fails_is_reported_and_harms_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    counter = PacketCounter()
    observe(monkeypatch, Broken(), counter)
    async with House.open() as house:
        ada, grace = await house.enter(), await house.enter()
        await ada.socket.send_bytes(PACKET.serialize())
        await grace.packet()
        await ada.socket.send_json(CHAT)
        await grace.text("chat")
    assert counter.packets.total() == counter.messages["chat"] == 1
    reported = [record.message for record in caplog.records if record.levelno >= logging.ERROR]
    assert any("telling an observer" in message for message in reported), reported
    assert any("could not be handled" in message for message in reported), reported


async def test_an_observer_that_was_discarded_gets_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, counter = PacketCounter(), PacketCounter()
    rooms = observe(monkeypatch, gone, counter)
    async with House.open() as house:
        ada, grace = await house.enter(), await house.enter()
        before = gone.messages.copy()
        for room in rooms:
            room.discard_observer(gone)
        await ada.socket.send_bytes(PACKET.serialize())
        await ada.socket.send_json(CHAT)
        await grace.packet()
        await grace.text("chat")
    assert (gone.packets.total(), gone.messages) == (0, before)
    assert counter.packets.total() == counter.messages["chat"] == 1
