"""Who is in the room: turns what the relay says into members, and into words for people."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar, assert_never, cast
from urllib.parse import urlencode

from streamer.client.mixer import Mixer
from streamer.client.receiver import Receiver
from streamer.client.told import Told
from streamer.errors import ControlError, PacketError
from streamer.terminal_text import one_line
from streamer.wire.control import FROM_RELAY, MAX_ROOM
from streamer.wire.messages import (
    FromRelay,
    Joined,
    Member,
    MemberRole,
    MemberState,
    Shown,
    Waiting,
    Welcome,
    WireInvite,
)
from streamer.wire.packet import Packet

_CHANGES: Final = (
    ("muted", "not muted any more"),
    ("away", "back"),
    ("raising a hand", "lowering the hand"),
    ("only listening", "not only listening any more"),
)
"""What is said where a state begins, and where it ends."""

_T = TypeVar("_T")


class Roster:
    """`relay_url` is what a link to the room begins with."""

    def __init__(
        self,
        mixer: Mixer,
        tell: Callable[[str], None],
        relay_url: str = "",
        tell_said: Callable[[str, str], None] | None = None,
    ) -> None:
        """`tell_said` gets name and words of who writes; else they are told as ours are."""
        self._relay_url = relay_url
        self._mixer = mixer
        self._tell = Told(tell)
        self._show_said = tell_said or (lambda name, text: tell(f"{name}: {text}"))
        self._members: dict[int, Receiver] = {}
        self._gains: dict[str, float] = {}
        self._talker_id = 0
        self.room = ""
        self.name = ""
        self.host = False
        self.may_talk = True
        self.only_hosts = False
        self.barred: dict[int, str] = {}
        self.knocks: dict[int, str] = {}
        """Names of who was removed, and of who waits, by the ids that the relay gave them; for the host alone."""
        self.one_at_a_time = False
        self.unreadable = 0
        self._last_said: tuple[str, str] | None = None
        self._is_told_full = False
        self.welcomed = asyncio.Event()

    @property
    def members(self) -> list[Receiver]:
        """Everybody else, in the order they came."""
        return list(self._members.values())

    def member(self, talker_id: int) -> Receiver | None:
        return self._members.get(talker_id)

    def set_gain(self, member: Receiver, gain: float) -> None:
        """For as long as we stay, and whenever somebody of this name comes back."""
        self._gains[member.name] = member.gain = gain

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
        talker.push(packet, now)

    def on_control(self, message: FromRelay) -> None:  # noqa: C901 (a case for each message)
        """Whatever text is in it comes from others, and will be shown: none of it may pass for a line of ours."""
        message = _for_terminal(message)
        match message["type"]:
            case "welcome":
                self._on_welcome(message)
            case "joined":
                self._on_joined(message)
            case "left":
                self._on_left(message["talker_id"])
            case "state":
                self._on_state(message)
            case "role":
                self._on_role(message)
            case "floor":
                self._on_floor(message["talker_id"], on=message["on"])
            case "only_hosts":
                self._on_only_hosts(message["talker_id"], on=message["on"])
            case "turn":
                self._on_turn(message["talker_id"])
            case "chat":
                self._on_chat(message["talker_id"], message["text"])
            case "lock":
                self._on_lock(message["talker_id"], locked=message["locked"])
            case "mute":
                self._on_mute(message["talker_id"])
            case "invite":
                self._on_invites(message["invites"])
            case "barred":
                self.barred = _parse_waiting(message["barred"])
            case "knocks":
                self._on_knocks(message["knocks"])
            case "hint":
                self._tell(f"The relay says: {message['message']}")
            case "error":
                self._tell(f"The relay refused a message of ours: {message['message']}")
            case "clock" | "ping" | "pong" | "notice" | "reply" | "telemetry" | "command" | "result":
                pass
            case _:
                assert_never(message)

    def on_lost(self) -> None:
        """The connection is: nothing of before is to be heard any more."""
        for member in self.members:
            self._mixer.remove(member)
        self._tell("The relay is away. Trying again …")

    def on_trouble(self, words: str) -> None:
        """Why there is no connection, where that is known."""
        self._tell(words)

    def _on_floor(self, talker_id: int, *, on: bool) -> None:
        self.one_at_a_time = on
        if not on:
            self._tell("Everybody may talk")
        elif talker_id == 0:
            self._tell("One talks at a time; nobody does now")
        else:
            self._tell("It is your turn" if talker_id == self._talker_id else f"{self._name_of(talker_id)} talks now")

    def _on_joined(self, joined: Joined) -> None:
        member = self._add(joined)
        if member:
            states = ", ".join(_states(member))
            self._tell(f"{member.name} joined" + (f" ({states})" if states else ""))

    def _on_left(self, talker_id: int) -> None:
        if talker_id in self._members:
            self._tell(f"{self._members[talker_id].name} left")
            self._remove(talker_id)

    def _on_role(self, message: MemberRole) -> None:
        may_talk = message["role"] == "talk"
        member = self._members.get(message["talker_id"])
        if message["talker_id"] == self._talker_id:
            self.may_talk = may_talk
            self._tell("You may talk now" if may_talk else "You only listen now; /hand asks to talk")
        elif member:
            member.may_talk = may_talk
            self._tell(f"{member.name} {'may talk now' if may_talk else 'only listens now'}")

    def _on_only_hosts(self, talker_id: int, *, on: bool) -> None:
        self.only_hosts = on
        self._tell(f"{self._name_of(talker_id)} has decided: {'only hosts talk' if on else 'everybody may talk'}")

    def _on_turn(self, talker_id: int) -> None:
        is_own = talker_id == self._talker_id
        self._tell("It is your turn" if is_own else f"It is the turn of {self._name_of(talker_id)}")

    def _on_mute(self, talker_id: int) -> None:
        self._tell(f"{self._name_of(talker_id)}, the host, has muted you; /unmute lets you talk again")

    def _on_chat(self, talker_id: int, text: str) -> None:
        self._last_said = self._name_of(talker_id), text
        self._tell_said(self._name_of(talker_id), text)

    def _on_lock(self, talker_id: int, *, locked: bool) -> None:
        self._tell(f"{self._name_of(talker_id)} has {'locked the room' if locked else 'opened the room again'}")

    def _on_invites(self, invites: list[WireInvite]) -> None:
        """The host asked for them, so it wants to hand them on; everybody else reads that theirs are no longer good."""
        for role, key in _parse_invites(invites):
            way = "to talk" if role == "talk" else "only to listen"
            link = f"{self._relay_url}#{urlencode({'room': self.room, **({'key': key} if key else {})})}"
            self._tell(f"The new link to {self.room}, {way}: {link}")

    def _on_knocks(self, knocks: list[Waiting]) -> None:
        before, self.knocks = self.knocks, _parse_waiting(knocks)
        for number, name in self.knocks.items():
            if number not in before:
                self._tell(f"{name} knocks; /admit {number} lets {name} in, /decline {number} does not")

    def _on_welcome(self, message: Welcome) -> None:
        self._talker_id, self.room, self.name = message["talker_id"], message["room"], message["name"]
        self.host = message["host"]
        self.may_talk, self.only_hosts = message["role"] == "talk", message["only_hosts"]
        self.barred = _parse_waiting(message["barred"])
        self.one_at_a_time = False
        missed = self._missed(message["history"])
        self._add_all(message["members"])
        others = ", ".join(member.name for member in self.members)
        where = "Back" if self.welcomed.is_set() else f"You are in {self.room} as {self.name}"
        self._tell(f"{where}; " + (f"with you: {others}" if others else "nobody else yet"))
        if not self.may_talk:
            self._tell("You only listen here; /hand asks to talk")
        for name, text in missed:
            self._tell_said(f"{name} wrote", text)
        self.knocks = {}
        self._on_knocks(message["knocks"])
        self.welcomed.set()

    def _add_all(self, members: list[Any]) -> None:
        """In place of those who were here before a loss."""
        parsed = [_parse_member(member) for member in members]
        for talker_id in list(self._members):
            self._remove(talker_id)
        for member in parsed:
            self._add(member)

    def _tell_said(self, name: str, text: str) -> None:
        self._tell(text, lambda words: self._show_said(name, words))

    def _missed(self, history: list[Any]) -> list[tuple[str, str]]:
        """What was written, by whom, since the last that was told."""
        said = [_parse_said(each) for each in history]
        if self._last_said in said:
            del said[: len(said) - said[::-1].index(self._last_said)]
        return said

    def describe(self) -> str:
        """Everybody, and what can be seen of them; raised hands in the order in which they were raised."""
        own = ["you", *(["the host"] if self.host else []), *([] if self.may_talk else ["only listening"])]
        lines = [f"{self.name} ({', '.join(own)})"]
        for member in self.members:
            lines.append(": ".join(filter(None, (member.name, ", ".join(_states(member))))))
        hands = [member.name for member in self.hands]
        if len(hands) > 1:
            lines.append(f"Hands, the first one first: {', '.join(hands)}")
        if self.barred:
            lines.append(f"Removed: {', '.join(self.barred.values())}")
        return "\n".join(lines)

    @property
    def hands(self) -> list[Receiver]:
        """Whose hand is raised, the first one first."""
        return sorted((member for member in self.members if member.hand), key=lambda member: member.hand_us)

    def _on_state(self, message: MemberState) -> None:
        member = self._members.get(message["talker_id"])
        if member is None:
            return
        before = member.muted, member.away, member.hand, member.listening
        _set_state(member, message)
        after = member.muted, member.away, member.hand, member.listening
        for was, now, (starts, ends) in zip(before, after, _CHANGES, strict=True):
            if was != now:
                self._tell(f"{member.name} is {starts if now else ends}")

    def _add(self, described: Member) -> Receiver | None:
        """None where nobody could be heard any more: each takes memory, and no room has so many."""
        talker_id, name = described["talker_id"], described["name"]
        self._remove(talker_id)
        if len(self._members) >= MAX_ROOM or not 0 < talker_id < 2**16:
            if not self._is_told_full:
                self._tell("More people are here than can be heard at once")
            self._is_told_full = True
            return None
        member = Receiver(talker_id, name, gain=self._gains.get(name, 1.0))
        member.host, member.may_talk = described["host"], described["role"] == "talk"
        _set_state(member, described)
        self._members[talker_id] = member
        self._mixer.add(member)
        return member

    def _remove(self, talker_id: int) -> None:
        if talker_id in self._members:
            self._mixer.remove(self._members.pop(talker_id))

    def _name_of(self, talker_id: int) -> str:
        if talker_id == self._talker_id:
            return self.name
        member = self._members.get(talker_id)
        return member.name if member else "Somebody"


def _set_state(member: Receiver, state: Shown) -> None:
    member.muted, member.away, member.listening = state["muted"], state["away"], state["listening"]
    member.hand, member.hand_us = state["hand"], state["hand_us"]


def _states(member: Receiver) -> list[str]:
    """In words."""
    found = {
        "the host": member.host,
        "muted": member.muted,
        "only listening": member.only_listens,
        "away": member.away,
        "hand raised": member.hand,
    }
    return [words for words, holds in found.items() if holds]


def _for_terminal(value: _T) -> _T:
    """`value`, every text within it as a terminal may show it."""
    shown: Any = value
    match shown:
        case str():
            shown = one_line(shown)
        case list():
            shown = [_for_terminal(each) for each in shown]
        case dict():
            shown = {name: _for_terminal(each) for name, each in shown.items()}
    return cast(_T, shown)


def _parse_member(member: Any) -> Member:
    if isinstance(member, dict):
        fields = FROM_RELAY["joined"].items()
        if all(type(member.get(name)) is kind for name, kind in fields):
            return cast(Member, member)
    raise ControlError('a member in "welcome" lacks a field of its state', code="bad-field")


def _parse_said(each: Any) -> tuple[str, str]:
    match each:
        case {"name": str(name), "text": str(text)}:
            return name, text
        case _:
            raise ControlError('what was said in "history" lacks who or what', code="bad-field")


def _parse_waiting(waiting: Sequence[Any]) -> dict[int, str]:
    """Names by the ids that the relay gave."""
    found = {}
    for each in waiting[:MAX_ROOM]:
        match each:
            case {"id": int(number), "name": str(name)}:
                found[number] = name
            case _:
                raise ControlError("who knocks, or was removed, lacks an id or a name", code="bad-field")
    return found


def _parse_invites(invites: Sequence[Any]) -> list[tuple[str, str]]:
    """Roles and keys."""
    found = []
    for each in invites[:2]:
        match each:
            case {"role": "talk" | "listen" as role, "key": str(key)}:
                found.append((role, key))
            case _:
                raise ControlError("an invitation lacks its role or its key", code="bad-field")
    return found
