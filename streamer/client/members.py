"""Who is in the room: turns what the relay says into members, and into words for people."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from streamer.client.mixer import Mixer
from streamer.client.receiver import Receiver
from streamer.client.told import Told
from streamer.errors import ControlError, PacketError
from streamer.terminal_text import one_line
from streamer.wire.control import MAX_ROOM, Message
from streamer.wire.packet import Packet

_STATES: Final = {"muted": "muted", "away": "away", "hand": "hand raised"}


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

    def on_control(self, message: Message) -> None:
        """Whatever text is in it comes from others, and will be shown: none of it may pass for a line of ours."""
        message = _shown(message)
        match message:
            case {"type": "welcome"}:
                self._on_welcome(message)
            case {"type": "joined", "talker_id": talker_id, "name": name, "muted": muted}:
                if self._add(talker_id, name, muted):
                    self._tell(f"{name} joined{' (muted)' if muted else ''}")
            case {"type": "left", "talker_id": talker_id} if talker_id in self._members:
                self._tell(f"{self._members[talker_id].name} left")
                self._remove(talker_id)
            case {"type": "state", "talker_id": talker_id} if talker_id in self._members:
                self._on_state(self._members[talker_id], message)
            case {"type": "floor", "talker_id": talker_id, "on": on}:
                self._on_floor(talker_id, on=on)
            case _:
                self._tell_what(message)

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

    def _tell_what(self, message: Message) -> None:
        """Tells of what changes nothing here."""
        match message:
            case {"type": "chat", "talker_id": talker_id, "text": text}:
                self._last_said = self._name_of(talker_id), text
                self._tell_said(self._name_of(talker_id), text)
            case {"type": "lock", "talker_id": talker_id, "locked": locked}:
                self._tell(f"{self._name_of(talker_id)} has {'locked the room' if locked else 'opened the room again'}")
            case {"type": "mute", "talker_id": talker_id}:
                self._tell(f"{self._name_of(talker_id)}, the host, has muted you; /unmute lets you talk again")
            case {"type": "invite", "key": key}:
                self._tell(f"The new link to {self.room}: {self._relay_url}#room={self.room}&key={key}")
            case {"type": "notice", "message": text}:
                self._tell(f"The relay says: {text}")
            case {"type": "error", "message": text}:
                self._tell(f"The relay refused a message of ours: {text}")

    def _on_welcome(self, message: Message) -> None:
        self._talker_id, self.room, self.name = message["talker_id"], message["room"], message["name"]
        self.host = message["host"]
        self.one_at_a_time = False
        missed = self._missed(message["history"])
        self._add_all(message["members"])
        others = ", ".join(member.name for member in self.members)
        where = "Back" if self.welcomed.is_set() else f"You are in {self.room} as {self.name}"
        self._tell(f"{where}; " + (f"with you: {others}" if others else "nobody else yet"))
        for name, text in missed:
            self._tell_said(f"{name} wrote", text)
        self.welcomed.set()

    def _add_all(self, members: list[Any]) -> None:
        """In place of those who were here before a loss."""
        parsed = [(*_parse_member(member), member) for member in members]
        for talker_id in list(self._members):
            self._remove(talker_id)
        for talker_id, name, muted, member in parsed:
            if self._add(talker_id, name, muted):
                self._set_state(self._members[talker_id], member)

    def _tell_said(self, name: str, text: str) -> None:
        self._tell(text, lambda words: self._show_said(name, words))

    def _missed(self, history: list[Any]) -> list[tuple[str, str]]:
        """What was written, by whom, since the last that was told."""
        said = [_parse_said(each) for each in history]
        if self._last_said in said:
            del said[: len(said) - said[::-1].index(self._last_said)]
        return said

    def describe(self) -> str:
        """Everybody, and what can be seen of them."""
        lines = [f"{self.name} (you{', the host' if self.host else ''})"]
        for member in self.members:
            states = [words for name, words in _STATES.items() if getattr(member, name)]
            lines.append(": ".join(filter(None, (member.name, ", ".join(states)))))
        return "\n".join(lines)

    def _on_state(self, member: Receiver, message: Message) -> None:
        before = member.muted, member.away, member.hand
        self._set_state(member, message)
        words = ("muted", "not muted any more"), ("away", "back"), ("raising a hand", "lowering the hand")
        for was, now, (starts, ends) in zip(before, (member.muted, member.away, member.hand), words, strict=True):
            if was != now:
                self._tell(f"{member.name} is {starts if now else ends}")

    @staticmethod
    def _set_state(member: Receiver, message: Message) -> None:
        member.muted, member.away, member.hand = message["muted"], message["away"], message["hand"]

    def _add(self, talker_id: int, name: str, muted: bool) -> bool:
        """False where nobody could be heard any more: each takes memory, and no room has so many."""
        self._remove(talker_id)
        if len(self._members) >= MAX_ROOM or not 0 < talker_id < 2**16:
            if not self._is_told_full:
                self._tell("More people are here than can be heard at once")
            self._is_told_full = True
            return False
        self._members[talker_id] = Receiver(talker_id, name, muted=muted, gain=self._gains.get(name, 1.0))
        self._mixer.add(self._members[talker_id])
        return True

    def _remove(self, talker_id: int) -> None:
        if talker_id in self._members:
            self._mixer.remove(self._members.pop(talker_id))

    def _name_of(self, talker_id: int) -> str:
        if talker_id == self._talker_id:
            return self.name
        member = self._members.get(talker_id)
        return member.name if member else "Somebody"


def _shown(value: Any) -> Any:
    """`value`, every text within it as a terminal may show it."""
    match value:
        case str():
            return one_line(value)
        case list():
            return [_shown(each) for each in value]
        case dict():
            return {name: _shown(each) for name, each in value.items()}
        case _:
            return value


def _parse_member(member: Any) -> tuple[int, str, bool]:
    match member:
        case {
            "talker_id": int(talker_id),
            "name": str(name),
            "muted": bool(muted),
            "away": bool(),
            "hand": bool(),
        }:
            return talker_id, name, muted
        case _:
            raise ControlError('a member in "welcome" lacks a field of its state', code="bad-field")


def _parse_said(each: Any) -> tuple[str, str]:
    match each:
        case {"name": str(name), "text": str(text)}:
            return name, text
        case _:
            raise ControlError('what was said in "history" lacks who or what', code="bad-field")
