"""A room in which everybody hears everybody else."""

from collections.abc import Hashable, Sequence

from streamer.errors import ControlError, RefusedError
from streamer.relay.access.limits import NO_LIMIT
from streamer.relay.background import surviving
from streamer.relay.rooms.decisions import Decisions
from streamer.relay.rooms.member import Member, describe
from streamer.relay.rooms.observer import Observer
from streamer.relay.rooms.post import Later, Post
from streamer.relay.rooms.recording import may_get
from streamer.relay.rooms.room import MAX_TALKER_ID, Observe, Room, nobody_watches
from streamer.websocket.fanout import Fanout
from streamer.wire import messages
from streamer.wire.messages import FromRelay


class SharedRoom(Room):
    """Everybody hears everybody else."""

    def __init__(
        self,
        name: str,
        decisions: Decisions | None = None,
        call_later: Later | None = None,
        deliveries_per_s: float = NO_LIMIT,
        observe: Observe = nobody_watches,
        loudest: int = 0,
    ) -> None:
        super().__init__(name, decisions, call_later, observe)
        self.fanout = Fanout(deliveries_per_s, loudest)
        self._observers: list[Observer] = []
        self._post = Post(call_later)
        self._members: dict[int, Member] = {}
        self._last_talker_id = 0

    @property
    def size(self) -> int:
        return len(self._members)

    @property
    def members(self) -> list[Member]:
        """A copy: a member who is given up while being told leaves the room."""
        return list(self._members.values())

    def add_observer(self, observer: Observer) -> None:
        self._observers = [*self._observers, observer]
        self.fanout.add_observer(observer)

    def discard_observer(self, observer: Observer) -> None:
        self._observers = [other for other in self._observers if other is not observer]
        self.fanout.discard_observer(observer)

    def tell(self, members: Sequence[Member], message: FromRelay, about: Hashable = None) -> None:
        self.fanout.give_held()
        self._post.send(message, members, about)

    def tell_all(self, message: FromRelay, about: Hashable = None) -> None:
        self.tell(self.members, message, about)
        self._tell_observers(message)

    @property
    def names(self) -> list[str]:
        return [member.name for member in self._members.values()]

    def join(self, member: Member) -> list[messages.Member]:
        if not member.talker_id or member.talker_id in self._members:
            member.talker_id = self._free_talker_id()
        self._enter(member)
        self.tell_others({"type": "joined", **describe(member)}, member)
        self.observe("joined", describe(member))
        return self._described_others(member)

    def take_over(self, member: Member, before: Member) -> list[messages.Member]:
        member.talker_id = before.talker_id
        member.muted, member.away, member.listening = before.muted, before.away, before.listening
        member.hand, member.hand_us = before.hand, before.hand_us
        self.fanout.discard(before.sink)
        self.recording.follow(member)
        self._enter(member)
        return self._described_others(member)

    def member(self, talker_id: int) -> Member:
        if talker_id not in self._members:
            raise ControlError(
                f"nobody here has the talker_id {talker_id}", code="no-member", close_code=None
            )
        return self._members[talker_id]

    def leave(self, member: Member) -> None:
        self.fanout.discard(member.sink)
        if self._members.get(member.talker_id) is member:
            del self._members[member.talker_id]
            self.tell_others({"type": "left", "talker_id": member.talker_id}, member)
            self.observe("left", {"talker_id": member.talker_id, "name": member.name})
            self.telemetry.forget(member.talker_id)
            self.commands.forget(member.talker_id)
            if self.captions.forget(member):
                self.tell_others(self.captions.message, member, about="captioning")
            if self.recording.forget(member):
                self.tell_recording()
            if self.floor.release(member.talker_id):
                self.tell_floor()

    def fan_out(self, packet: bytes, talker: Member) -> None:
        self.fanout.send(packet, talker.sink)

    def tell_others(self, message: FromRelay, sender: Member, about: Hashable = None) -> None:
        self.tell(
            [other for other in self._others(sender) if may_get(other, message, sender)], message, about
        )
        self._tell_observers(message)

    def _tell_observers(self, message: FromRelay) -> None:
        for observer in self._observers:
            with surviving("telling an observer"):
                observer.push_message(message)

    def tell_floor(self) -> None:
        for member in self.members:
            member.voice = self.rights.voice_of(member)
        self.tell_all(self.floor.message, about="floor")

    def _enter(self, member: Member) -> None:
        self._members[member.talker_id] = member
        member.role, member.voice = self.rights.role_of(member), self.rights.voice_of(member)
        self._pin(member)
        if member.is_listener:
            self.fanout.add(member.sink)

    def _described_others(self, member: Member) -> list[messages.Member]:
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
