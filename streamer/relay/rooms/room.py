"""Rooms and who is in them. A room knows members, not sockets: whatever takes packets and messages can be one.

Voice takes the short way: where a room has a `fanout`, a connection hands its packets to that, checked and stamped, and
nothing here is called. `fan_out` is for rooms without one, and for packets that come from elsewhere.
"""

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import Final, Protocol

from streamer.errors import ControlError, RefusedError
from streamer.relay.access.allowance import ROOM_FACTOR, Writing
from streamer.relay.rooms.chat_history import History
from streamer.relay.rooms.decisions import Decisions
from streamer.relay.rooms.floor import Floor
from streamer.relay.rooms.post import Later, Post
from streamer.websocket.fanout import Fanout
from streamer.websocket.sink import Sink
from streamer.wire.control import Message

MAX_TALKER_ID: Final = 0xFFFF
NO_LIMIT: Final = 1e9


class Member(Protocol):
    """One person in a room, whatever carries what is said to them."""

    talker_id: int
    name: str
    muted: bool
    away: bool
    hand: bool
    may_talk: bool

    @property
    def sink(self) -> Sink:
        """Where packets for this member go on the short way."""

    def send_packet(self, packet: bytes) -> None: ...

    def send_control(self, message: Message) -> None: ...

    def send_away(self, close_code: int, reason: str) -> None:
        """End this member's connection."""


def describe(member: Member) -> Message:
    return {"talker_id": member.talker_id, "name": member.name, **state_of(member)}


def state_of(member: Member) -> Message:
    return {"muted": member.muted, "away": member.away, "hand": member.hand}


class Room(ABC):
    """Where packets and messages of one member go."""

    fanout: Fanout | None = None

    def __init__(self, name: str, decisions: Decisions | None = None) -> None:
        self.name = name
        self.history = History()
        self.floor = Floor()
        self.writing = Writing(ROOM_FACTOR)
        self._decisions = decisions or Decisions()
        self._locked = self._decisions.of(name).locked
        self.floor.switch(on=self._decisions.of(name).one_at_a_time)

    @property
    def locked(self) -> bool:
        """True if nobody new may enter. The host decides that, and it is kept."""
        return self._locked

    @locked.setter
    def locked(self, locked: bool) -> None:
        self._locked = locked
        self._keep()

    def switch_floor(self, *, on: bool) -> None:
        """One talks at a time from now on, or all. The host decides that, and it is kept."""
        self.floor.switch(on=on)
        self._keep()

    def _keep(self) -> None:
        self._decisions.keep(self.name, locked=self._locked, one_at_a_time=self.floor.is_on)

    @abstractmethod
    def join(self, member: Member) -> list[Message]:
        """Give `member` a talker_id (its own, where that is free), tell the others, and return who they are."""

    @abstractmethod
    def take_over(self, member: Member, before: Member) -> list[Message]:
        """`member` is `before` on another connection: nobody sees a change. Returns who the others are."""

    @abstractmethod
    def member(self, talker_id: int) -> Member:
        """Raises ControlError `no-member` where there is none."""

    @abstractmethod
    def leave(self, member: Member) -> None:
        """Take `member` out and tell the others."""

    @abstractmethod
    def fan_out(self, packet: bytes, talker: Member) -> None:
        """Hand a packet, its talker_id stamped, to all others."""

    @abstractmethod
    def tell_others(self, message: Message, sender: Member, about: Hashable = None) -> None:
        """Hand a message to all others; of several `about` the same thing, the newest is enough."""

    @abstractmethod
    def tell_floor(self) -> None:
        """Tell all who has the floor, and let nobody else through."""

    def tick(self, now: float) -> None:
        """Once a second or so; `now` is in s."""
        self.history.prune(now)
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


class SharedRoom(Room):
    """Everybody hears everybody else."""

    def __init__(
        self,
        name: str,
        decisions: Decisions | None = None,
        call_later: Later | None = None,
        deliveries_per_s: float = NO_LIMIT,
    ) -> None:
        super().__init__(name, decisions)
        self.fanout: Fanout = Fanout(deliveries_per_s)
        self._post = Post(call_later)
        self._members: dict[int, Member] = {}
        self._last_talker_id = 0

    @property
    def size(self) -> int:
        return len(self._members)

    @property
    def names(self) -> list[str]:
        return [member.name for member in self._members.values()]

    def join(self, member: Member) -> list[Message]:
        if not member.talker_id or member.talker_id in self._members:
            member.talker_id = self._free_talker_id()
        self._enter(member)
        self.tell_others({"type": "joined", **describe(member)}, member)
        return self._described_others(member)

    def take_over(self, member: Member, before: Member) -> list[Message]:
        member.talker_id = before.talker_id
        member.muted, member.away, member.hand = before.muted, before.away, before.hand
        self.fanout.discard(before.sink)
        self._enter(member)
        return self._described_others(member)

    def member(self, talker_id: int) -> Member:
        if talker_id not in self._members:
            raise ControlError(f"nobody here has the talker_id {talker_id}", code="no-member", close_code=None)
        return self._members[talker_id]

    def leave(self, member: Member) -> None:
        self.fanout.discard(member.sink)
        if self._members.get(member.talker_id) is member:
            del self._members[member.talker_id]
            self.tell_others({"type": "left", "talker_id": member.talker_id}, member)
            if self.floor.release(member.talker_id):
                self.tell_floor()

    def fan_out(self, packet: bytes, talker: Member) -> None:
        self.fanout.send(packet, talker.sink)

    def tell_others(self, message: Message, sender: Member, about: Hashable = None) -> None:
        self._post.send(message, self._others(sender), about)

    def tell_floor(self) -> None:
        """Over a copy: a member who is given up while being told leaves the room."""
        members = list(self._members.values())
        for member in members:
            member.may_talk = self.floor.admits(member.talker_id)
        self._post.send(self.floor.message, members, about="floor")

    def _enter(self, member: Member) -> None:
        self._members[member.talker_id] = member
        self.fanout.add(member.sink)

    def _described_others(self, member: Member) -> list[Message]:
        return [describe(other) for other in self._others(member)]

    def _others(self, member: Member) -> list[Member]:
        return [other for other in self._members.values() if other is not member]

    def _free_talker_id(self) -> int:
        """The next one in turn, so that an id of somebody who left is not soon another's."""
        if len(self._members) == MAX_TALKER_ID:
            raise RefusedError("this room is full", status=429, code="too-many")
        while True:
            self._last_talker_id = self._last_talker_id % MAX_TALKER_ID + 1
            if self._last_talker_id not in self._members:
                return self._last_talker_id
