"""Where everybody who asks for a room is received: let in, and by which right, or told why not."""

from collections.abc import Mapping
from time import monotonic
from typing import Final

from streamer.errors import RefusedError
from streamer.relay.admission import Admission, Invite, Right, end_after
from streamer.relay.background import surviving
from streamer.relay.echo import ECHO_ROOM, EchoRoom, Later
from streamer.relay.files import Places
from streamer.relay.guesses import Guesses
from streamer.relay.hub import Room, SharedRoom
from streamer.relay.limits import RelayLimits
from streamer.relay.plain_text import check_room_name, clean_name
from streamer.relay.regulars import Regulars
from streamer.relay.seats import Seats
from streamer.relay.session import Entry
from streamer.relay.source import source_of
from streamer.relay.stays import Stay, Stays

GUEST: Final = "Guest"
MAX_EMPTY_ROOMS: Final = 256
"""Kept for what was written in them; at most 7 KB each beside that. Who may open any room opens no more than these."""


class Reception:
    """The rooms of a relay, and who may enter them. A room is there while somebody is in it, or has just written."""

    def __init__(self, admission: Admission, limits: RelayLimits, places: Places, call_later: Later) -> None:
        self.is_draining = False
        self._admission = admission
        self._limits = limits
        self._call_later = call_later
        self._rooms: dict[str, Room] = {}
        self._guesses = Guesses()
        self._stays = Stays(limits.max_per_address)
        self._regulars = Regulars()
        self._seats = Seats(limits.max_per_address, places)

    @property
    def room_count(self) -> int:
        return sum(room.size > 0 for room in self._rooms.values())

    def receive(self, query: Mapping[str, str], address: str) -> Entry:
        """Raises RefusedError (PROTOCOL.md, Refusals)."""
        room_name = check_room_name(query.get("room", ""))
        resumed = self._stays.find(query.get("resume", ""), room_name, monotonic())
        right = resumed.right if resumed else self._check_key(room_name, query.get("key"), address)
        name = clean_name(query["name"]) if query.get("name") else GUEST
        if self.is_draining:
            raise RefusedError("the relay is going away", status=503, code="draining")
        self._seats.check(address, is_expected=resumed is not None or right is Right.HOST)
        room = self._room(room_name)
        self._check_space(room, right, resumed)
        stay = resumed or Stay(room_name, right, source_of(address))
        return Entry(room, name, stay, lambda hours, uses: self._renew(room_name, hours, uses))

    def entered(self, entry: Entry, address: str) -> None:
        self._seats.take(address)
        if isinstance(entry.room, EchoRoom):
            return  # it asks for no invite, so it earns nothing
        self._regulars.entered(address)
        if self._stays.keep(entry.stay):
            self._admission.entered(entry.room.name, entry.stay.right)

    def left(self, entry: Entry, address: str) -> None:
        self._seats.leave(address)
        if not isinstance(entry.room, EchoRoom):
            self._regulars.left(address, monotonic())

    def is_regular(self, address: str) -> bool:
        """Is, or was lately, a member there?"""
        return self._regulars.has(address, monotonic())

    def tick(self) -> None:
        """Once a second: what is over is forgotten."""
        now = monotonic()
        with surviving("the forgetting of stays"):
            self._stays.prune(now)
        for room in list(self._rooms.values()):
            with surviving("the tick of a room"):
                room.tick(now)
        self._rooms = {name: room for name, room in self._rooms.items() if room.size or room.history}

    def _check_key(self, room_name: str, key: str | None, address: str) -> Right:
        try:
            return self._admission.admit(room_name, key)
        except RefusedError as refusal:
            if refusal.code == "key-wrong":
                self._guesses.wrong(address, monotonic())
            raise

    def _check_space(self, room: Room, right: Right, resumed: Stay | None) -> None:
        if right is Right.HOST or resumed:
            return
        if room.locked:
            raise RefusedError("the host has locked this room: ask to be let in", status=403, code="locked")
        if room.size >= self._limits.max_members:
            raise RefusedError("this room is full", status=429, code="too-many")

    def _room(self, name: str) -> Room:
        if name == ECHO_ROOM:
            return EchoRoom(self._call_later)
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = SharedRoom(name)
            self._forget_a_room(room)
        return room

    def _forget_a_room(self, newest: Room) -> None:
        """Where too many are empty, that one goes in which least was written; of equals, the oldest."""
        empty = [room for room in self._rooms.values() if not room.size and room is not newest]
        if len(empty) >= MAX_EMPTY_ROOMS:
            least = min(empty, key=lambda room: (room.locked or room.floor.is_on, len(room.history)))
            del self._rooms[least.name]

    def _renew(self, room_name: str, hours: int, uses: int) -> Invite:
        return self._admission.renew(room_name, end_after(hours), uses or None)
