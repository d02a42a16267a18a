"""What one types in the terminal, and what comes of it; the relay is a real one where it matters."""

import inspect
import re
from time import perf_counter
from typing import Any

import pytest
from messages import member, welcome
from offline_room import OfflineRoom
from relay_fixture import HOST_KEY, House
from sound import tone

from streamer.client.audio.codec import Encoder
from streamer.client.commands import HELP, Commands
from streamer.wire.control import Message
from streamer.wire.packet import Packet

WELCOME = welcome(
    member(3, "Grace Hopper"),
    member(4, "Eve"),
    member(5, "Eve", role="listen", hand=True, hand_us=5),
    host=True,
    barred=[{"id": 8, "name": "Mallory"}],
    knocks=[{"id": 4, "name": "Ben"}, {"id": 5, "name": "Joan"}],
)


class Terminal:
    def __init__(self, **wanted: Any) -> None:
        self.offline = OfflineRoom(WELCOME, **wanted)
        self.told: list[str] = []
        self.left = 0
        self.commands = Commands(self.offline.room, tell=self.told.append, leave=self._leave)

    def _leave(self) -> None:
        self.left += 1

    def type(self, line: str) -> tuple[list[Message], list[str]]:
        self.offline.sent.clear()
        self.told.clear()
        self.commands.obey(line)
        return list(self.offline.sent), list(self.told)


def test_a_line_is_written_to_everybody() -> None:
    assert Terminal().type("  Dinner is ready \n") == ([{"type": "chat", "text": "Dinner is ready"}], [])
    assert Terminal().type("\n") == ([], [])


def test_states_are_told_whole() -> None:
    terminal = Terminal()
    assert terminal.type("/mute")[0] == [{"type": "state", "muted": True, "away": False, "hand": False}]
    assert terminal.type("/hand")[0] == [{"type": "state", "muted": True, "away": False, "hand": True}]
    assert terminal.type("/unmute")[0] == [{"type": "state", "muted": False, "away": False, "hand": True}]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("/silence grace hopper", {"type": "mute", "talker_id": 3}),
        ("/remove Grace Hopper", {"type": "remove", "talker_id": 3}),
        ("/lock", {"type": "lock", "locked": True}),
        ("/mute-all", {"type": "mute", "talker_id": 0}),
        ("/turn Grace Hopper", {"type": "turn", "talker_id": 3}),
        ("/unbar mallory", {"type": "unbar", "id": 8}),
        ("/admit 4", {"type": "answer", "id": 4, "admit": True}),
        ("/decline 5", {"type": "answer", "id": 5, "admit": False}),
        ("/only-hosts", {"type": "only_hosts", "on": True}),
        ("/only-hosts off", {"type": "only_hosts", "on": False}),
        ("/keep-captions", {"type": "keep_captions", "on": True}),
        ("/keep-captions off", {"type": "keep_captions", "on": False}),
        ("/unlock", {"type": "lock", "locked": False}),
        ("/one", {"type": "one_at_a_time", "on": True}),
        ("/all", {"type": "one_at_a_time", "on": False}),
        ("/invite", {"type": "invite", "hours": 0, "uses": 0}),
        ("/invite 8", {"type": "invite", "hours": 8, "uses": 0}),
        ("/invite 8 6", {"type": "invite", "hours": 8, "uses": 6}),
    ],
)
def test_the_host_s_commands_say_what_the_protocol_has(line: str, message: Message) -> None:
    assert Terminal().type(line) == ([message], [])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/remove Nobody", "Nobody here is called Nobody; /who"),
        ("/remove", "Who?"),
        ("/silence Eve", "Several people here are called Eve"),
        ("/volume Grace Hopper loud", "a number from 0 to 200"),
        ("/volume Grace Hopper 999", "a number from 0 to 200"),
        ("/invite soon", "whole numbers"),
        ("/invite 1 2 3", "whole numbers"),
        ("/invite 876001", "876000 hours at most"),
        ("/invite 1 " + "9" * 16, "whole numbers"),
        ("/invite " + "9" * 1_900, "whole numbers"),
        ("/dance", "There is no /dance; /help"),
        ("a" * 2_001, "That line has 2,001 characters; 2,000 are allowed"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_sent(line: str, words: str) -> None:
    sent, told = Terminal().type(line)
    assert sent == []
    assert words in told[0]


def test_a_volume_is_for_oneself_alone() -> None:
    terminal = Terminal()
    ear = terminal.offline.room.ear()
    assert terminal.type("/volume grace hopper 50") == ([], ["Grace Hopper is at 50 % for you"])
    assert [receiver.gain for receiver in ear.receivers()] == [0.25, 1.0, 1.0]


def test_a_volume_is_kept_for_who_comes_back() -> None:
    terminal = Terminal()
    ear = terminal.offline.room.ear()
    terminal.type("/volume Grace Hopper 50")
    terminal.offline.hear({"type": "left", "talker_id": 3}, {"type": "joined", **member(9, "Grace Hopper")})
    assert {receiver.name: receiver.gain for receiver in ear.receivers()} == {
        "Eve": 1.0,
        "Grace Hopper": 0.25,
    }


def test_who_is_here_and_what_there_is_to_type() -> None:
    terminal = Terminal()
    who = "Ada (you, the host)\nGrace Hopper\nEve\nEve: only listening, hand raised\nRemoved: Mallory"
    assert terminal.type("/who") == ([], [who])
    assert terminal.type("/help") == terminal.type("/") == ([], [HELP])
    terminal.type("/leave")
    assert terminal.left == 1


def test_all_that_can_be_typed_is_in_the_list_and_all_of_the_list_can_be_typed() -> None:
    listed = set(re.findall(r"/([\w-]+)", HELP))
    known = set(re.findall(r'case "([\w-]+)"| \| "([\w-]+)"', inspect.getsource(Commands)))
    assert listed == {name for pair in known for name in pair if name}


def test_somebody_who_is_no_host_is_told_so_and_nothing_is_sent() -> None:
    terminal = Terminal()
    terminal.offline.hear({**WELCOME, "host": False})
    assert terminal.type("/lock") == ([], ["/lock is for the host, who joined with the host's own link"])


def test_somebody_who_has_nothing_to_say_can_t_be_unmuted() -> None:
    terminal = Terminal(listening=True)
    sent, told = terminal.type("/unmute")
    assert [message["muted"] for message in sent] == [True]
    assert "You only listen here" in told[0]


async def test_the_host_in_a_terminal_locks_a_real_room() -> None:
    async with House.open() as house:
        host, guest = await house.enter(key=HOST_KEY, name="Host"), await house.enter(name="Guest")
        terminal = Terminal()
        (message,), _ = terminal.type("/lock")
        await host.socket.send_json(message)
        assert await guest.text("lock") == {
            "type": "lock",
            "talker_id": host.welcome["talker_id"],
            "locked": True,
        }


def test_the_last_notice_that_asks_is_answered_by_number() -> None:
    terminal = Terminal()
    assert terminal.type("/answer 1") == ([], ["No notice is waiting for an answer"])
    said = {"talker_id": 3, "name": "Grace", "title": "", "text": "?", "level": "info", "sound": False}
    notice = {"type": "notice", **said}
    terminal.offline.hear(
        {**notice, "id": 8, "actions": ["Yes"]}, {**notice, "id": 9, "actions": ["Open", "Wait\x1b"]}
    )
    terminal.offline.hear({**notice, "id": 10, "actions": []})
    assert terminal.type("/answer 2") == ([{"type": "reply", "id": 9, "action": 1}], [])
    assert terminal.type("/answer 3") == ([], ["The last notice can be answered with: 1 Open, 2 Wait�"])


def test_the_host_notifies_from_a_terminal() -> None:
    terminal = Terminal()
    sent = {"type": "notify", "text": "Dinner", "level": "info", "actions": ["Coming", "Later"]}
    assert terminal.type("/notify Dinner | Coming |Later") == ([sent], [])
    for wrong in ("/notify", "/notify a | ", "/notify a | b | c | d | e | f"):
        assert terminal.type(wrong) == ([], ["/notify TEXT | ACTION | ACTION: a text, and up to 4 actions"])


def test_a_replay_needs_sound_and_a_speed_that_one_follows() -> None:
    terminal = Terminal()
    assert terminal.type("/replay")[1] == ["There is no sound here to play again"]
    ear = terminal.offline.room.ear(keeps_replay=True)
    terminal.commands = Commands(
        terminal.offline.room, tell=terminal.told.append, leave=terminal._leave, ear=ear
    )
    assert terminal.type("/replay")[1] == ["Nobody has said anything in the last 30 seconds"]
    assert terminal.type("/replay 3")[1] == [
        "Write /replay, /replay off, or /replay with a speed: 1, 1.25, 1.5, 1.75, 2"
    ]
    encoder = Encoder()
    for number in range(20):
        packet = Packet(number, number * 480, encoder.encode(tone(440, 0.01)), talker_id=3)
        ear.push(packet, perf_counter())
    assert terminal.type("/replay 1.5") == ([], ["Replay of Grace Hopper; stop it with /replay off"])
    assert ear.is_replaying
    assert terminal.type("/replay off") == ([], [])
    assert not ear.is_replaying


def test_the_length_of_packets_can_be_typed_and_only_one_that_can_be_had() -> None:
    terminal = Terminal()
    assert terminal.type("/packets 2.5")[1] == ["Your packets last 2.5 ms"]
    assert terminal.offline.room.packet_ms == 2.5
    assert terminal.type("/packets 7")[1] == [
        "Your packets last 2.5 ms. Write /packets and one of 2.5, 5, 10, 20"
    ]
    assert terminal.type("/packets 20")[1] == ["Your packets last 20 ms"]
    with pytest.raises(ValueError, match="not 7 ms"):
        terminal.offline.room.packet_ms = 7


def test_why_packets_are_longer_than_they_were_chosen_is_told_in_words() -> None:
    terminal = Terminal(packet_ms=2.5)
    room, line = terminal.offline.room, terminal.offline.line
    line.is_over_http = True
    terminal.type("/packets 5")
    terminal.offline._take_in()
    assert terminal.offline.told[-1].startswith("Your packets last 10 ms: over plain HTTP")
    line.is_over_http, line.shed = False, 3
    room._own_packets.look(100.0)
    room._own_packets.look(130.0)
    terminal.offline._take_in()
    assert [words.partition(":")[0] for words in terminal.offline.told[-2:]] == [
        "Your packets last 10 ms",
        "Your packets last 5 ms again",
    ]
    assert "does not carry shorter ones in time" in terminal.offline.told[-2]
