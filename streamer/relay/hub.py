"""Rooms and who is in them. A room knows members, not sockets: whatever takes packets and messages can be one.

`fan_out` is the way of every voice. It does not look into the packet: the session has checked and stamped it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Final, Protocol

from streamer.errors import RefusedError
from streamer.wire.control import Message

MAX_TALKER_ID: Final = 0xFFFF


class Member(Protocol):
    """One person in a room, whatever carries what is said to them."""

    talker_id: int
    name: str
    muted: bool

    def send_packet(self, packet: bytes) -> None: ...

    def send_control(self, message: Message) -> None: ...


def describe(member: Member) -> Message:
    return {"talker_id": member.talker_id, "name": member.name, "muted": member.muted}


class Room(ABC):
    """Where packets and messages of one member go."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def join(self, member: Member) -> list[Message]:
        """Give `member` its talker_id, tell the others, and return who they are."""

    @abstractmethod
    def leave(self, member: Member) -> None:
        """Take `member` out and tell the others."""

    @abstractmethod
    def fan_out(self, packet: bytes, talker: Member) -> None:
        """Hand a packet, its talker_id stamped, to all others."""

    @abstractmethod
    def tell_others(self, message: Message, sender: Member) -> None:
        """Hand a message to all others."""

    @property
    @abstractmethod
    def size(self) -> int:
        """How many members are in the room."""


class SharedRoom(Room):
    """Everybody hears everybody else."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._members: dict[int, Member] = {}
        self._last_talker_id = 0

    @property
    def size(self) -> int:
        return len(self._members)

    def join(self, member: Member) -> list[Message]:
        member.talker_id = self._free_talker_id()
        others = [describe(other) for other in self._members.values()]
        self._members[member.talker_id] = member
        self.tell_others({"type": "joined", **describe(member)}, member)
        return others

    def leave(self, member: Member) -> None:
        if self._members.pop(member.talker_id, None) is not None:
            self.tell_others({"type": "left", "talker_id": member.talker_id}, member)

    def fan_out(self, packet: bytes, talker: Member) -> None:
        for listener in self._others(talker):
            listener.send_packet(packet)

    def tell_others(self, message: Message, sender: Member) -> None:
        for member in self._others(sender):
            member.send_control(message)

    def _others(self, member: Member) -> Iterable[Member]:
        return [other for other in self._members.values() if other is not member]

    def _free_talker_id(self) -> int:
        """The next one in turn, so that an id of somebody who left is not soon another's."""
        if len(self._members) == MAX_TALKER_ID:
            raise RefusedError("this room is full", status=429, code="too-many")
        while True:
            self._last_talker_id = self._last_talker_id % MAX_TALKER_ID + 1
            if self._last_talker_id not in self._members:
                return self._last_talker_id
