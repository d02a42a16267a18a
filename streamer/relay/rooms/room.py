"""Rooms and who is in them. A room knows members, not sockets: whatever takes packets and messages can be
one.

Voice takes the short way: a connection hands its packets, checked and stamped, to the room's `fanout`, and
nothing here is called. `fan_out` is for packets that come from elsewhere. Observers take part without being
members.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Final

from streamer.relay.access.allowance import ROOM_FACTOR, Writing
from streamer.relay.access.invites import Right
from streamer.relay.rooms.bars import Device, bar_of, bars_against
from streamer.relay.rooms.caption_board import CaptionBoard
from streamer.relay.rooms.chat_history import History
from streamer.relay.rooms.commands import Commands
from streamer.relay.rooms.decisions import MAX_BARRED, Bar, Decided, Decisions
from streamer.relay.rooms.events import without_type
from streamer.relay.rooms.floor import Floor
from streamer.relay.rooms.member import Member, shown
from streamer.relay.rooms.notices import Notices
from streamer.relay.rooms.observer import Observer
from streamer.relay.rooms.post import Later
from streamer.relay.rooms.recording import RoomRecording
from streamer.relay.rooms.rights import Rights
from streamer.relay.rooms.telemetry import TelemetryBoard
from streamer.websocket.fanout import Fanout
from streamer.wire import messages
from streamer.wire.messages import FromRelay, Waiting

MAX_TALKER_ID: Final = 0xFFFF

Observe = Callable[[str, str, Mapping[str, object]], None]
"""Is told of each event: its kind, the room's name, and its fields."""


def nobody_watches(kind: str, room: str, fields: Mapping[str, object]) -> None:
    pass


class Room(ABC):
    """Where packets and messages of one member go."""

    fanout: Fanout

    def __init__(
        self,
        name: str,
        decisions: Decisions | None = None,
        call_later: Later | None = None,
        observe: Observe = nobody_watches,
    ) -> None:
        self.name = name
        self.history = History()
        self.notices = Notices()
        self.telemetry = TelemetryBoard()
        self.commands = Commands(call_later)
        self.captions = CaptionBoard()
        self._observe = observe
        self.floor = Floor()
        self.writing = Writing(ROOM_FACTOR)
        self._decisions = decisions or Decisions()
        self.floor.switch(on=self._decided.one_at_a_time)
        self.rights = Rights(self.floor, only_hosts=self._decided.only_hosts)
        self.recording = RoomRecording()

    def observe(self, kind: str, fields: Mapping[str, object]) -> None:
        """Tell who watches this room from outside."""
        self._observe(kind, self.name, fields)

    @property
    def _decided(self) -> Decided:
        return self._decisions.of(self.name)

    @property
    def locked(self) -> bool:
        """True if nobody new may enter. The host decides that, and it is kept."""
        return self._decided.locked

    @property
    def keeps_captions(self) -> bool:
        """True if what is captioned is kept in the chat. The host decides that, and it is kept."""
        return self._decided.keep_captions

    # what a host decides: it is kept, it takes effect, and all are told; `by` is the host's talker_id, or 0

    def lock(self, by: int, *, locked: bool) -> None:
        self._keep(replace(self._decided, locked=locked))
        self.tell_all({"type": "lock", "talker_id": by, "locked": locked})

    def switch_floor(self, *, on: bool) -> None:
        """One talks at a time from now on, or all. To be told by `tell_floor`, like all that changes the
        floor."""
        self.floor.switch(on=on)
        self._keep(replace(self._decided, one_at_a_time=on))

    def switch_only_hosts(self, by: int, *, on: bool) -> None:
        """From now on only hosts, and people who are given a turn, may talk; or everybody again."""
        self.tell_all({"type": "only_hosts", "talker_id": by, "on": on})
        self.rights.switch_only_hosts(on=on)
        self._keep(replace(self._decided, only_hosts=on))
        self.review_roles()

    def switch_keep_captions(self, by: int, *, on: bool) -> None:
        self.tell_all({"type": "keep_captions", "talker_id": by, "on": on})
        self._keep(replace(self._decided, keep_captions=on))

    @property
    def barred(self) -> list[Waiting]:
        """The devices that were removed, as hosts see them."""
        return [{"id": bar.id, "name": bar.name} for bar in self._decided.barred]

    def is_barred(self, device: Device) -> bool:
        return bool(self._bars_against(device))

    def bar(self, member: Member) -> None:
        """That device does not come back until it is let in again. The host decides that, and it is kept."""
        number = 1 + max((bar.id for bar in self._decided.barred), default=0)
        others = [other.device for other in self.members if other is not member]
        new = bar_of(member.device, number, member.name, others=others)
        self._keep_barred([*self._decided.barred, new][-MAX_BARRED:])

    def unbar(self, number: int) -> bool:
        """False where nobody has that number."""
        kept = [bar for bar in self._decided.barred if bar.id != number]
        return self._keep_barred(kept)

    def admit(self, device: Device) -> None:
        """Whatever stood against it is forgotten."""
        against = self._bars_against(device)
        self._keep_barred([bar for bar in self._decided.barred if bar not in against])

    def _bars_against(self, device: Device) -> list[Bar]:
        return bars_against(self._decided.barred, device, is_shared=self._shares_address(device))

    def _shares_address(self, device: Device) -> bool:
        return any(member.device.source == device.source for member in self.members)

    def _keep_barred(self, barred: Sequence[Bar]) -> bool:
        """True if that changes anything; hosts are told then."""
        if tuple(barred) == self._decided.barred:
            return False
        self._keep(replace(self._decided, barred=tuple(barred)))
        self.tell_hosts({"type": "barred", "barred": self.barred})
        return True

    def _keep(self, decided: Decided) -> None:
        self._decisions.keep(
            self.name, **{each.name: getattr(decided, each.name) for each in fields(decided)}
        )

    @property
    def members(self) -> list[Member]:
        """The members, in the order in which they came; changing the list changes nothing here."""
        return []

    @abstractmethod
    def add_observer(self, observer: Observer) -> None:
        """Let it take part from now on."""

    @abstractmethod
    def discard_observer(self, observer: Observer) -> None: ...

    @abstractmethod
    def tell(self, members: Sequence[Member], message: FromRelay, about: Hashable = None) -> None:
        """Hand a message to some of the members; of several `about` the same thing, the newest is enough."""

    @abstractmethod
    def tell_all(self, message: FromRelay, about: Hashable = None) -> None:
        """Hand a message to everybody; of several `about` the same thing, the newest is enough."""

    def tell_hosts(self, message: FromRelay) -> None:
        hosts = [member for member in self.members if member.right is Right.HOST]
        self.tell(hosts, message, about=("hosts", message["type"]))

    def review_roles(self) -> None:
        """After something has changed on which roles depend: tell all of each that is another one now."""
        has_lost_floor = False
        for member in self.members:
            self._pin(member)
            role = self.rights.role_of(member)
            if role != member.role:
                member.role = role
                self.tell_role(member)
                has_lost_floor |= role == "listen" and self.floor.release(member.talker_id)
            member.voice = self.rights.voice_of(member)
        if has_lost_floor:
            self.tell_floor()

    def tell_role(self, member: Member) -> None:
        about = (member.talker_id, "role")
        self.tell_all({"type": "role", "talker_id": member.talker_id, "role": member.role}, about)

    def _pin(self, member: Member) -> None:
        """Whoever has a turn is heard, however many others are louder."""
        self.fanout.pin(member.sink, self.rights.has_turn(member))

    def toggle_turn(self, member: Member, now: float) -> None:
        """Give `member` a turn, or take it back if it has one and its hand is down. `now` is in s."""
        has_it = self.rights.has_turn(member) or (self.floor.is_on and self.floor.holder == member.talker_id)
        if has_it and not member.hand:
            self._take_turn(member)
            return
        self.rights.give_turn(member)
        member.hand, member.hand_us = False, 0
        self.review_roles()
        self.tell_all({"type": "state", **shown(member)}, about=(member.talker_id, "state"))
        self.tell_all({"type": "turn", "talker_id": member.talker_id})
        if self.floor.is_on:
            self.floor.give(member.talker_id, now, is_host=member.right is Right.HOST)
            self.tell_floor()

    def note_untold(self) -> None:  # noqa: B027 (only who shares the room with other relays needs it)
        """Something about a member has changed of which nobody here is told."""

    def _take_turn(self, member: Member) -> None:
        member.turn = None
        self.review_roles()
        self.note_untold()  # a host's role stays what it is
        if self.floor.release(member.talker_id):
            self.tell_floor()

    @abstractmethod
    def join(self, member: Member) -> list[messages.Member]:
        """Give `member` a talker_id (its own, where that is free), tell the others, and return who they
        are."""

    @abstractmethod
    def take_over(self, member: Member, before: Member) -> list[messages.Member]:
        """`member` is `before` on another connection: nobody sees a change. Returns who the others are."""

    @abstractmethod
    def member(self, talker_id: int) -> Member:
        """Raises ControlError `no-member` if nobody has that talker_id."""

    @abstractmethod
    def leave(self, member: Member) -> None:
        """Take `member` out and tell the others."""

    @abstractmethod
    def fan_out(self, packet: bytes, talker: Member) -> None:
        """Hand a packet, its talker_id stamped, to all others."""

    @abstractmethod
    def tell_others(self, message: FromRelay, sender: Member, about: Hashable = None) -> None:
        """Hand a message to all others; of several `about` the same thing, the newest is enough."""

    @abstractmethod
    def tell_floor(self) -> None:
        """Tell all who has the floor, and let nobody else through."""

    def tell_recording(self) -> None:
        """Tell all whether this room is recorded."""
        self.tell_all(self.recording.message, about="recording")

    def tell_telemetry(self, now: float) -> None:
        """What is due of it, to all."""
        for message in self.telemetry.due(now):
            about = ("telemetry", message["talker_id"], message["device"])
            self.tell(self.members, message, about)
            self.observe("telemetry", without_type(message))

    def tick(self, now: float) -> None:
        """Once a second or so; `now` is in s."""
        self.history.prune(now)
        self.tell_telemetry(now)
        if self.floor.expire(now):
            self.tell_floor()

    @property
    @abstractmethod
    def size(self) -> int:
        """How many members are in the room."""

    @property
    def names(self) -> list[str]:
        """What the members are called."""
        return []
