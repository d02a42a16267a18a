"""Who is in the room, and what holds there: keeps what the relay says, and tells of each change as an
event."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any, Final, cast

from streamer.client.ears import Ears
from streamer.client.events import (
    NOBODY,
    Back,
    Changed,
    Chat,
    Entered,
    Event,
    Floor,
    Hint,
    Joined,
    Knocks,
    Left,
    Locked,
    Lost,
    Member,
    Muted,
    NewLink,
    Notice,
    OnlyHosts,
    Received,
    Recording,
    Talking,
    Trouble,
    Turn,
    Waiting,
)
from streamer.client.mailbox import Readers
from streamer.errors import ControlError, PacketError
from streamer.wire import messages, programs, recording
from streamer.wire.control import FROM_RELAY, MAX_ACTIONS, MAX_ROOM
from streamer.wire.packet import SILENCE_LEVEL, Packet
from streamer.wire.room_link import room_fragment

_LEVEL_LASTS_S: Final = 0.3
"""Seconds since the last packet, after which a talker is silent: longer than a network is away in passing."""

_NOTICES: Final = 100
"""As many as a relay knows the senders of; an answer to an older one reaches nobody."""

_FULL: Final = "More people are here than can be heard at once"


class Roster:
    """`relay_url` is what a link to the room begins with. `emit` gets each event, `packets` each packet."""

    def __init__(
        self,
        ears: Ears,
        emit: Callable[[Event], None],
        packets: Readers[Received],
        relay_url: str,
    ) -> None:
        self._ears = ears
        self._emit = emit
        self._packets = packets
        self._relay_url = relay_url
        self._members: dict[int, Member] = {}
        self._sounds: dict[int, tuple[int, float]] = {}
        """The level of each talker's last packet, and when it came; only of those who talk."""
        self.me = Member(NOBODY, "")
        self.room = ""
        self.locked = False
        self.only_hosts = False
        self.one_at_a_time = False
        self.barred: tuple[Waiting, ...] = ()
        self.knocks: tuple[Waiting, ...] = ()
        self.notices: deque[Notice] = deque(maxlen=_NOTICES)
        """The newest that can be answered."""
        self.unreadable = 0
        self._last_said: tuple[str, str] | None = None
        self._was_full = False
        self._keys: dict[messages.Role, str] = {}
        self.recording = Recording(False, "", ())

    @property
    def members(self) -> tuple[Member, ...]:
        """Everybody else, in the order they came."""
        return tuple(self._members.values())

    def member(self, talker_id: int) -> Member | None:
        """Whoever has this id, ourselves included."""
        return self.me if talker_id == self.me.talker_id != NOBODY else self._members.get(talker_id)

    def level(self, talker_id: int, now: float) -> int:
        """How loud a talker is, in −dBov."""
        level, at = self._sounds.get(talker_id, (SILENCE_LEVEL, float("-inf")))
        return level if now - at < _LEVEL_LASTS_S else SILENCE_LEVEL

    def on_packet(self, data: bytes, now: float) -> None:
        try:
            packet = Packet.parse(data)
        except PacketError:
            self.unreadable += 1
            return
        talker = self._members.get(packet.talker_id)
        if talker is None:
            self.unreadable += 1
            return
        if talker.talker_id not in self._sounds:
            self._emit(Talking(talker, on=True))
        self._sounds[talker.talker_id] = packet.level, now
        self._ears.push(packet, now)
        if self._packets:
            self._packets.put(Received(talker, packet, now))

    def find_silent(self, now: float) -> None:
        """Tell who has stopped talking; to be called some times a second."""
        for talker_id, (_, at) in list(self._sounds.items()):
            if now - at >= _LEVEL_LASTS_S:
                self._hush(talker_id)

    def on_lost(self) -> None:
        """The connection is: nothing from before is heard any longer."""
        for talker_id in self._members:
            self._ears.remove(talker_id)
            self._hush(talker_id)
        self._emit(Lost())

    def on_welcome(self, message: messages.Welcome) -> None:
        before = self.me
        self.me = Member(message["talker_id"], message["name"], host=message["host"], role=message["role"])
        self.room, self.locked, self.only_hosts = message["room"], message["locked"], message["only_hosts"]
        self.barred = _parse_waiting(message["barred"])
        self.one_at_a_time = False
        self.recording = Recording(False, "", ())
        self._ears.leave_out((), ())
        self._keys = dict(_parse_invites(message["invites"]))
        said = [_parse_said(each) for each in message["history"]]
        self._replace_all([_parse_member(member) for member in message["members"]])
        is_first = before.talker_id == NOBODY
        self._emit(Entered(self.me, self.room, self.members) if is_first else Back(self.me, self.members))
        for each in self._missed(said):
            self._emit(each)
        self.knocks = ()
        self.on_knocks(message["knocks"])

    def on_joined(self, message: messages.Joined) -> None:
        member = _member(message)
        if self._add(member):
            self._emit(Joined(member))

    def on_left(self, talker_id: int) -> None:
        member = self._members.get(talker_id)
        if member:
            self._hush(talker_id)
            self._remove(talker_id)
            self._emit(Left(member))

    def on_state(self, message: messages.MemberState) -> None:
        member = self._members.get(message["talker_id"])
        if member:
            muted, away, listening = message["muted"], message["away"], message["listening"]
            hand, hand_us = message["hand"], message["hand_us"]
            self._change(
                replace(member, muted=muted, away=away, listening=listening, hand=hand, hand_us=hand_us)
            )

    def on_role(self, message: messages.MemberRole) -> None:
        member = self.member(message["talker_id"])
        if member:
            self._change(replace(member, role=message["role"]))

    def on_floor(self, message: messages.FloorTaken) -> None:
        self.one_at_a_time = message["on"]
        self._emit(Floor(message["on"], self.member(message["talker_id"])))

    def on_only_hosts(self, message: messages.OnlyHosts) -> None:
        self.only_hosts = message["on"]
        self._emit(OnlyHosts(self.member(message["talker_id"]), message["on"]))

    def on_turn(self, talker_id: int) -> None:
        self._emit(Turn(self.member(talker_id)))

    def on_mute(self, talker_id: int) -> None:
        self._emit(Muted(self.member(talker_id)))

    def on_chat(self, message: messages.Chat) -> None:
        member = self.member(message["talker_id"])
        name = member.name if member else message.get("name", "")
        self._last_said = name, message["text"]
        self._emit(Chat(member, name, message["text"], caption=message.get("caption", False)))

    def on_notice(self, message: programs.Notice) -> Notice:
        member = self.member(message["talker_id"])
        actions = tuple(action for action in message["actions"][:MAX_ACTIONS] if isinstance(action, str))
        notice = Notice(
            member,
            message["name"],
            message["text"],
            message["title"],
            _level(message["level"]),
            message["sound"],
            actions,
            message["id"],
        )
        self._last_said = notice.name, notice.text
        if actions:
            self.notices.append(notice)
        self._emit(notice)
        return notice

    def on_lock(self, message: messages.Locked) -> None:
        self.locked = message["locked"]
        self._emit(Locked(self.member(message["talker_id"]), message["locked"]))

    def on_invites(self, invites: Sequence[messages.WireInvite]) -> None:
        """Told again whenever somebody has used them: only links that differ are new."""
        for role, key in _parse_invites(invites):
            if self._keys.get(role) == key:
                continue
            self._keys[role] = key
            fragment = room_fragment(self.room, key, listen=role == "listen")
            self._emit(NewLink(role, f"{self._relay_url}{fragment}"))

    def on_barred(self, barred: Sequence[messages.Waiting]) -> None:
        self.barred = _parse_waiting(barred)

    def on_knocks(self, knocks: Sequence[messages.Waiting]) -> None:
        before, self.knocks = self.knocks, _parse_waiting(knocks)
        known = {knock.id for knock in before}
        if self.knocks != before:
            self._emit(Knocks(self.knocks, tuple(knock for knock in self.knocks if knock.id not in known)))

    def on_recording(self, message: recording.Recording) -> None:
        left_out = tuple(each for each in message["left_out"][:MAX_ROOM] if type(each) is int)
        self.recording = Recording(message["on"], message["by"], left_out)
        self._ears.leave_out(left_out, [each.name for each in self.members if each.talker_id in left_out])
        self._emit(self.recording)

    def on_hint(self, code: str, text: str) -> None:
        self._emit(Hint(code, text))

    def _replace_all(self, members: list[Member]) -> None:
        """In place of those who were here before a loss."""
        for talker_id in list(self._members):
            self._hush(talker_id)
            self._remove(talker_id)
        for member in members:
            self._add(member)

    def _missed(self, said: list[Chat | Notice]) -> Iterator[Chat | Notice]:
        """What was written and noticed since the last that was told."""
        keys = [(each.name, each.text) for each in said]
        since = len(said) - keys[::-1].index(self._last_said) if self._last_said in keys else 0
        here = {member.name: member for member in (*self.members, self.me)}
        return (replace(each, member=here.get(each.name)) for each in said[since:])

    def _change(self, member: Member) -> None:
        before = self.member(member.talker_id)
        if before is None or before == member:
            return
        if member.talker_id == self.me.talker_id:
            self.me = member
        else:
            self._members[member.talker_id] = member
        self._emit(Changed(member, before))

    def _add(self, member: Member) -> bool:
        """Returns False where nobody could be heard any more: each takes memory, and no room has so many."""
        self._remove(member.talker_id)
        if len(self._members) >= MAX_ROOM or not 0 < member.talker_id < 2**16:
            if not self._was_full:
                self._emit(Trouble(_FULL))
            self._was_full = True
            return False
        self._members[member.talker_id] = member
        self._ears.add(member)
        return True

    def _remove(self, talker_id: int) -> None:
        if self._members.pop(talker_id, None):
            self._ears.remove(talker_id)

    def _hush(self, talker_id: int) -> None:
        """Those of whom nothing is heard any longer."""
        if self._sounds.pop(talker_id, None) and talker_id in self._members:
            self._emit(Talking(self._members[talker_id], on=False))


def _member(told: messages.Member) -> Member:
    return Member(**{each.name: cast(Any, told)[each.name] for each in fields(Member)})


def _parse_member(told: Any) -> Member:
    if isinstance(told, dict):
        fields = FROM_RELAY["joined"].items()
        if all(type(told.get(name)) is kind for name, kind in fields):
            return _member(cast(messages.Member, told))
    raise ControlError('a member in "welcome" lacks a field of its state', code="bad-field")


def _parse_said(each: Any) -> Chat | Notice:
    match each:
        case {"name": str(name), "text": str(text)}:
            age_s = max(1, each["age_s"]) if type(each.get("age_s")) is int else 1
        case _:
            raise ControlError('what was said in "history" lacks who or what', code="bad-field")
    if "level" not in each:
        return Chat(None, name, text, age_s, caption=each.get("caption") is True)
    title = each.get("title", "")
    return Notice(
        None, name, text, title if isinstance(title, str) else "", _level(each["level"]), age_s=age_s
    )


def _level(told: Any) -> programs.Level:
    """A level that a newer relay may have is as good as none."""
    return told if told in ("warning", "alarm") else "info"


def _parse_waiting(waiting: Sequence[Any]) -> tuple[Waiting, ...]:
    found = {}
    for each in waiting[:MAX_ROOM]:
        match each:
            case {"id": int(number), "name": str(name)}:
                found[number] = Waiting(number, name)
            case _:
                raise ControlError("who knocks, or was removed, lacks an id or a name", code="bad-field")
    return tuple(found.values())


def _parse_invites(invites: Sequence[Any]) -> list[tuple[messages.Role, str]]:
    """Roles and keys."""
    found: list[tuple[messages.Role, str]] = []
    for each in invites[:2]:
        match each:
            case {"role": "talk" | "listen" as role, "key": str(key)}:
                found.append((role, key))
            case _:
                raise ControlError("an invitation lacks its role or its key", code="bad-field")
    return found
