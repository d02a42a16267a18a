from dataclasses import replace

import numpy as np
import pytest
from messages import member, state, welcome
from offline_room import OfflineRoom

from streamer.client.audio.packetizer import Packetizer
from streamer.client.room import Room
from streamer.errors import ControlError
from streamer.wire.control import Message
from streamer.wire.packet import SILENCE_LEVEL, Packet

GRACE = member(3, "Grace", muted=True)
WELCOME = welcome(GRACE)


def room_of(*messages: Message) -> tuple[Room, list[str]]:
    offline = OfflineRoom(*messages)
    return offline.room, offline.told


def test_a_welcome_tells_where_one_is_and_with_whom() -> None:
    room, told = room_of(WELCOME)
    assert told == ["You are in kitchen as Ada; with you: Grace"]
    assert (room.name, room.me.name) == ("kitchen", "Ada")
    assert [(member.name, member.muted) for member in room.members] == [("Grace", True)]


def test_an_empty_room_says_so() -> None:
    assert room_of({**WELCOME, "members": []})[1] == ["You are in kitchen as Ada; nobody else yet"]


def test_what_happens_in_the_room_is_told_in_words() -> None:
    room, told = room_of(
        WELCOME,
        {"type": "joined", **member(9, "Joan")},
        state(3),
        {"type": "chat", "talker_id": 9, "text": "Dinner is ready"},
        {"type": "chat", "talker_id": 7, "text": "Coming"},
        {"type": "left", "talker_id": 9},
        {"type": "hint", "code": "shed", "message": "Your connection was slow"},
        {"type": "error", "code": "unknown-type", "message": "no message is of type dance"},
    )
    assert told[1:] == [
        "Joan joined",
        "Grace is no longer muted",
        "Joan: Dinner is ready",
        "Ada: Coming",
        "Joan left",
        "The relay says: Your connection was slow",
        "The relay rejected our message: no message is of type dance",
    ]
    assert [member.name for member in room.members] == ["Grace"]


def test_an_invitation_that_somebody_used_is_no_new_link() -> None:
    invite = {"role": "talk", "key": "k1", "ends_s": 0, "uses_left": 2}
    _, told = room_of(
        {**WELCOME, "invites": [invite]},
        {"type": "invite", "invites": [{**invite, "uses_left": 1}]},
        {"type": "invite", "invites": [{**invite, "key": "k2"}]},
    )
    assert len(told) == 2
    assert "key=k2" in told[1]


def test_news_of_somebody_unknown_changes_nothing() -> None:
    room, told = room_of(
        WELCOME,
        {"type": "left", "talker_id": 99},
        state(99, muted=True),
    )
    assert len(told) == 1
    assert len(room.members) == 1


@pytest.mark.parametrize("member", [None, 3, {}, {**GRACE, "talker_id": "3"}, {**GRACE, "name": None}])
def test_a_member_without_an_id_or_a_name_breaks_the_protocol(member: object) -> None:
    with pytest.raises(ControlError, match="a member in"):
        room_of({**WELCOME, "members": [member]})


def test_packets_reach_their_talker_and_all_others_are_counted() -> None:
    offline = OfflineRoom(WELCOME)
    packets = offline.room.packets()
    offline.hear_packet(Packet(seq=1, timestamp=0, payload=b"x", talker_id=3, level=20).serialize(), 1.0)
    offline.hear_packet(Packet(seq=1, timestamp=0, payload=b"x", talker_id=99).serialize(), 1.0)
    offline.hear_packet(b"no packet", 1.0)
    roster = offline.room._roster
    assert (roster.level(3, 1.1), roster.level(3, 2.0), roster.level(99, 1.1)) == (
        20,
        SILENCE_LEVEL,
        SILENCE_LEVEL,
    )
    assert roster.unreadable == 2
    assert [received.member.name for received in packets._items] == ["Grace"]


def test_after_a_loss_nothing_of_before_is_played_and_only_what_was_missed_is_told_again() -> None:
    offline, voice = (
        OfflineRoom({**WELCOME, "history": [{"name": "Joan", "text": "Tea?", "age_s": 9}]}),
        Packetizer(),
    )
    ear = offline.room.ear()
    offline.hear({"type": "chat", "talker_id": 3, "text": "Hello"})
    before = ear.receiver(3)
    assert before
    for number in range(20):
        for packet in voice.packets(np.full(480, 0.5, dtype=np.float32), number * 480):
            offline.hear_packet(replace(packet, talker_id=3).serialize(), number / 100)
    offline.lose()
    assert not ear.pop(4_800, 0.2).any()
    assert before.pop(4_800, 0.2).any(), "it would have been played"
    said = [("Joan", "Tea?"), ("Grace", "Hello"), ("Joan", "Are you there?")]
    offline.hear({**WELCOME, "history": [{"name": name, "text": text, "age_s": 9} for name, text in said]})
    assert offline.told[3:] == [
        "Lost the relay. Trying again …",
        "Back; with you: Grace",
        "Joan wrote: Are you there?",
    ]
    after = ear.receiver(3)
    assert after
    assert after is not before


def test_who_knocks_whose_turn_it_is_and_who_may_talk_are_told_in_words() -> None:
    room, told = room_of(
        welcome(member(3, "Grace"), role="listen", host=True),
        {"type": "knocks", "knocks": [{"id": 4, "name": "Ben"}]},
        {"type": "knocks", "knocks": [{"id": 4, "name": "Ben"}, {"id": 5, "name": "Joan"}]},
        {"type": "only_hosts", "talker_id": 3, "on": True},
        {"type": "keep_captions", "talker_id": 3, "on": True},
        {"type": "chat", "talker_id": 99, "text": "Dinner is ready.", "name": "Ben", "caption": True},
        {"type": "role", "talker_id": 3, "role": "listen"},
        {"type": "role", "talker_id": 7, "role": "talk"},
        {"type": "turn", "talker_id": 7},
        {"type": "turn", "talker_id": 3},
    )
    assert told[1:] == [
        "You only listen here; /hand asks to talk",
        "Ben is knocking; /admit 4 lets Ben in, /decline 4 does not",
        "Joan is knocking; /admit 5 lets Joan in, /decline 5 does not",
        "Grace has decided: only hosts talk",
        "Grace has decided: what is captioned is kept in the chat",
        "Ben said: Dinner is ready.",
        "Grace only listens now",
        "You may talk now",
        "It is your turn",
        "It is Grace's turn",
    ]
    assert room.me.role == "talk"
    assert room.members[0].only_listens


@pytest.mark.parametrize(
    "message",
    [
        {"type": "knocks", "knocks": [3]},
        {"type": "barred", "barred": [{"id": "1", "name": "x"}]},
        {"type": "invite", "invites": [{"role": "rule", "key": ""}]},
    ],
    ids=lambda message: message["type"],
)
def test_what_a_host_is_told_is_checked(message: dict[str, object]) -> None:
    with pytest.raises(ControlError):
        room_of(WELCOME, message)
