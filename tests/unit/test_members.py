import asyncio
from dataclasses import replace

import numpy as np
import pytest
from messages import member, state, welcome

from streamer.client.audio.packetizer import Voice
from streamer.client.members import Roster
from streamer.client.mixer import Mixer
from streamer.errors import ControlError
from streamer.wire.control import Message
from streamer.wire.packet import Packet

GRACE = member(3, "Grace", muted=True)
WELCOME = welcome(GRACE)


def roster_of(*messages: Message) -> tuple[Roster, list[str]]:
    told: list[str] = []
    roster = Roster(Mixer(), told.append)
    for message in messages:
        roster.on_control(message)
    return roster, told


def test_a_welcome_tells_where_one_is_and_with_whom() -> None:
    roster, told = roster_of(WELCOME)
    assert told == ["You are in kitchen as Ada; with you: Grace"]
    assert roster.welcomed.is_set()
    assert [(member.name, member.muted) for member in roster.members] == [("Grace", True)]


def test_an_empty_room_says_so() -> None:
    assert roster_of({**WELCOME, "members": []})[1] == ["You are in kitchen as Ada; nobody else yet"]


def test_what_happens_in_the_room_is_told_in_words() -> None:
    roster, told = roster_of(
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
        "Grace is not muted any more",
        "Joan: Dinner is ready",
        "Ada: Coming",
        "Joan left",
        "The relay says: Your connection was slow",
        "The relay refused a message of ours: no message is of type dance",
    ]
    assert [member.name for member in roster.members] == ["Grace"]


def test_news_of_somebody_unknown_changes_nothing() -> None:
    roster, told = roster_of(
        WELCOME,
        {"type": "left", "talker_id": 99},
        state(99, muted=True),
    )
    assert len(told) == 1
    assert len(roster.members) == 1


@pytest.mark.parametrize("member", [None, 3, {}, {**GRACE, "talker_id": "3"}, {**GRACE, "name": None}])
def test_a_member_without_an_id_or_a_name_breaks_the_protocol(member: object) -> None:
    with pytest.raises(ControlError, match="a member in"):
        roster_of({**WELCOME, "members": [member]})


def test_packets_reach_their_talker_and_all_others_are_counted() -> None:
    roster, _ = roster_of(WELCOME)
    roster.on_packet(Packet(seq=1, timestamp=0, payload=b"x", talker_id=3, level=20).serialize(), 1.0)
    roster.on_packet(Packet(seq=1, timestamp=0, payload=b"x", talker_id=99).serialize(), 1.0)
    roster.on_packet(b"no packet", 1.0)
    assert roster.members[0].level(1.0) == 20
    assert roster.unreadable == 2


def test_one_may_wait_to_be_welcomed() -> None:
    async def join() -> None:
        roster, _ = roster_of()
        asyncio.get_running_loop().call_soon(roster.on_control, WELCOME)
        await asyncio.wait_for(roster.welcomed.wait(), 30)

    asyncio.run(join())


def test_after_a_loss_nothing_of_before_is_played_and_only_what_was_missed_is_told_again() -> None:
    mixer, told, voice = Mixer(), list[str](), Voice()
    roster = Roster(mixer, told.append)
    roster.on_control({**WELCOME, "history": [{"name": "Joan", "text": "Tea?", "age_s": 9}]})
    roster.on_control({"type": "chat", "talker_id": 3, "text": "Hello"})
    before = roster.members[0]
    for number in range(20):
        for packet in voice.packets(np.full(480, 0.5, dtype=np.float32), number * 480):
            roster.on_packet(replace(packet, talker_id=3).serialize(), number / 100)
    roster.on_lost()
    assert not mixer.pop(4_800, 0.2).any()
    assert before.pop(4_800, 0.2).any(), "it would have been played"
    said = [("Joan", "Tea?"), ("Grace", "Hello"), ("Joan", "Are you there?")]
    roster.on_control({**WELCOME, "history": [{"name": name, "text": text, "age_s": 9} for name, text in said]})
    assert told[3:] == [
        "The relay is away. Trying again …",
        "Back; with you: Grace",
        "Joan wrote: Are you there?",
    ]
    assert roster.members[0] is not before


def test_who_knocks_whose_turn_it_is_and_who_may_talk_are_told_in_words() -> None:
    roster, told = roster_of(
        welcome(member(3, "Grace"), role="listen", host=True),
        {"type": "knocks", "knocks": [{"id": 4, "name": "Ben"}]},
        {"type": "knocks", "knocks": [{"id": 4, "name": "Ben"}, {"id": 5, "name": "Joan"}]},
        {"type": "only_hosts", "talker_id": 3, "on": True},
        {"type": "role", "talker_id": 3, "role": "listen"},
        {"type": "role", "talker_id": 7, "role": "talk"},
        {"type": "turn", "talker_id": 7},
        {"type": "turn", "talker_id": 3},
    )
    assert told[1:] == [
        "You only listen here; /hand asks to talk",
        "Ben knocks; /admit 4 lets Ben in, /decline 4 does not",
        "Joan knocks; /admit 5 lets Joan in, /decline 5 does not",
        "Grace has decided: only hosts talk",
        "Grace only listens now",
        "You may talk now",
        "It is your turn",
        "It is the turn of Grace",
    ]
    assert roster.may_talk
    assert roster.members[0].only_listens


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
        roster_of(WELCOME, message)
