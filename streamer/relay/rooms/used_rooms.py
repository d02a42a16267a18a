"""The rooms of a relay. A room is there while somebody is in it, or has just written."""

from collections.abc import Callable, Iterator
from typing import Final

from streamer.relay.access.limits import RelayLimits
from streamer.relay.access.rate_limit import LeakyBucket
from streamer.relay.rooms.decisions import Decisions
from streamer.relay.rooms.echo_room import ALL_PER_S, EchoRoom
from streamer.relay.rooms.post import Later
from streamer.relay.rooms.room import Observe, Room
from streamer.relay.rooms.shared_room import SharedRoom
from streamer.wire.room_link import ECHO_ROOM

MAX_EMPTY_ROOMS: Final = 256
"""Rooms with nobody in them, whose chat is kept for people who come back. On an open relay anybody makes
rooms."""


class UsedRooms:
    """By their names. Each member of the room `echo` has one of its own, which is not counted here."""

    def __init__(
        self, limits: RelayLimits, decisions: Decisions, call_later: Later, observe: Observe
    ) -> None:
        self.make: Callable[..., SharedRoom] = SharedRoom
        """Another one where rooms span relays."""
        self._limits = limits
        self._decisions = decisions
        self._call_later = call_later
        self._observe = observe
        self._echoes = LeakyBucket(ALL_PER_S, ALL_PER_S)
        self._rooms: dict[str, Room] = {}

    def __iter__(self) -> Iterator[Room]:
        """Whoever is told something may leave meanwhile, and rooms with them."""
        return iter(list(self._rooms.values()))

    def find(self, name: str) -> Room | None:
        """None where it is neither used nor written in."""
        return self._rooms.get(name)

    def as_it_is(self, name: str) -> Room:
        """To be asked, and not entered: nothing is made that stays."""
        return self._rooms.get(name) or self.make(name, self._decisions)

    def room(self, name: str) -> Room:
        """To be entered, or written in."""
        if name == ECHO_ROOM:
            return EchoRoom(self._call_later, self._echoes)
        room = self._rooms.get(name)
        if room is None:
            limits = self._limits
            arguments = limits.deliveries_per_s, self._observe, int(limits.loudest)
            room = self._rooms[name] = self.make(name, self._decisions, self._call_later, *arguments)
            self._forget_one(room)
        return room

    def forget_unused(self) -> None:
        self._rooms = {name: room for name, room in self._rooms.items() if room.size or room.history}

    def _forget_one(self, newest: Room) -> None:
        """Where too many are empty, that one goes in which least was written; of equals, the oldest."""
        empty = [room for room in self._rooms.values() if not room.size and room is not newest]
        if len(empty) >= MAX_EMPTY_ROOMS:
            least = min(empty, key=lambda room: len(room.history))
            del self._rooms[least.name]
