"""Where everybody who asks for a room is received: let in, and by which right, or told why not."""

from collections.abc import Mapping
from time import monotonic
from typing import Final

from streamer.errors import RefusedError
from streamer.relay.access.allowance import ADDRESS_FACTOR, Writing
from streamer.relay.access.guesses import Guesses
from streamer.relay.access.invites import Invite, InviteStore, Right
from streamer.relay.access.limits import RelayLimits
from streamer.relay.access.names import distinguish
from streamer.relay.access.open_files import Places
from streamer.relay.access.rate_limit import Bucket
from streamer.relay.access.sanitize import check_room_name, clean_name
from streamer.relay.access.seats import Seats
from streamer.relay.access.source import source_of
from streamer.relay.background import surviving
from streamer.relay.rooms.decisions import Decisions
from streamer.relay.rooms.echo_room import ALL_PER_S, ECHO_ROOM, EchoRoom, Later
from streamer.relay.rooms.leg import Admitted
from streamer.relay.rooms.regulars import Regulars
from streamer.relay.rooms.room import Room, SharedRoom
from streamer.relay.rooms.session import Session, Sessions
from streamer.websocket.budget import Budget

GUEST: Final = "Guest"

JOINS_FACTOR: Final = 4
"""Times the connections an address may have: so often they may all come back at once."""

JOINS_REFILL_S: Final = 32.0
"""In which an address may come with all its connections once more. A join costs more than any other message."""

USUAL_PER_ADDRESS: Final = 64
"""Its other limits are meant for so many connections; behind a proxy, where there are more, they grow."""

MAX_EMPTY_ROOMS: Final = 256
"""Rooms with nobody in them, whose chat is kept for who comes back. On an open relay anybody makes rooms."""


class _Address:
    """What one address has open, and may still do."""

    __slots__ = ("deliveries", "joins", "open", "writing")

    def __init__(self, limits: RelayLimits) -> None:
        many = max(1.0, limits.max_per_address / USUAL_PER_ADDRESS)
        self.open = 0
        self.writing = Writing(ADDRESS_FACTOR * many)
        self.deliveries = Budget(limits.deliveries_per_s * many / 2, limits.deliveries_per_s * many / 2)
        joins = max(USUAL_PER_ADDRESS, limits.max_per_address)
        self.joins = Bucket(JOINS_FACTOR * joins, joins / JOINS_REFILL_S)

    def is_forgettable(self, now: float) -> bool:
        return self.open == 0 and self.writing.is_unused(now) and self.joins.is_empty(now)


class Lobby:
    """The rooms of a relay, and who may enter them. A room is there while somebody is in it, or has just written."""

    def __init__(
        self,
        admission: InviteStore,
        limits: RelayLimits,
        places: Places,
        call_later: Later,
        decisions: Decisions | None = None,
    ) -> None:
        self.is_draining = False
        self._admission = admission
        self._limits = limits
        self._call_later = call_later
        self._rooms: dict[str, Room] = {}
        self._addresses: dict[str, _Address] = {}
        self._decisions = decisions or Decisions()
        self._echoes = Bucket(ALL_PER_S, ALL_PER_S)
        self._guesses = Guesses()
        self._stays = Sessions(limits.max_per_address)
        self._regulars = Regulars()
        self._seats = Seats(limits.max_per_address, places)

    @property
    def room_count(self) -> int:
        return sum(room.size > 0 for room in self._rooms.values())

    def receive(self, query: Mapping[str, str], address: str) -> Admitted:
        """Raises RefusedError (PROTOCOL.md, Refusals)."""
        room_name = check_room_name(query.get("room", ""))
        resumed = self._stays.find(query.get("resume", ""), room_name, monotonic())
        right = resumed.right if resumed else self._check_key(room_name, query.get("key"), address)
        name = clean_name(query["name"]) if query.get("name") else GUEST
        if self.is_draining:
            raise RefusedError("the relay is going away", status=503, code="draining")
        self._seats.check(address, is_expected=resumed is not None or right is Right.HOST)
        source = self._address(address)
        room = self._room(room_name)
        self._check_space(room, right, resumed)
        own = self._own_name(name, room, resumed)
        if source.joins.overflows(monotonic()) and right is not Right.HOST:
            message = "this address joins again and again: wait half a minute"
            raise RefusedError(message, status=429, code="too-many")
        stay = resumed or Session(room_name, right, source_of(address))
        renew = lambda hours, uses: self._renew(room_name, hours, uses)  # noqa: E731
        return Admitted(room, own, stay, renew, name, source.writing, source.deliveries)

    def _own_name(self, name: str, room: Room, resumed: Session | None) -> str:
        """Who comes back finds nobody of that name but their own earlier connection."""
        names = room.names
        if resumed and resumed.session and resumed.session.name in names:
            names.remove(resumed.session.name)
            if resumed.session.asked_name == name:
                return resumed.session.name
        return distinguish(name, names)

    def entered(self, entry: Admitted, address: str) -> None:
        self._seats.take(address)
        self._address(address).open += 1
        if isinstance(entry.room, EchoRoom):
            return  # it asks for no invite, so it earns nothing
        self._regulars.entered(address)
        if self._stays.keep(entry.stay):
            self._admission.entered(entry.room.name, entry.stay.right)

    def left(self, entry: Admitted, address: str) -> None:
        self._seats.leave(address)
        self._address(address).open -= 1
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
        over = [name for name, source in self._addresses.items() if source.is_forgettable(now)]
        for name in over:
            del self._addresses[name]

    def _check_key(self, room_name: str, key: str | None, address: str) -> Right:
        try:
            return self._admission.admit(room_name, key)
        except RefusedError as refusal:
            if refusal.code == "key-wrong":
                self._guesses.wrong(address, monotonic())
            raise

    def _check_space(self, room: Room, right: Right, resumed: Session | None) -> None:
        if right is Right.HOST or resumed:
            return
        if room.locked:
            raise RefusedError("the host has locked this room: ask to be let in", status=403, code="locked")
        if room.size >= self._limits.max_members:
            raise RefusedError("this room is full", status=429, code="too-many")

    def _room(self, name: str) -> Room:
        if name == ECHO_ROOM:
            return EchoRoom(self._call_later, self._echoes)
        room = self._rooms.get(name)
        if room is None:
            room = SharedRoom(name, self._decisions, self._call_later, self._limits.deliveries_per_s)
            self._rooms[name] = room
            self._forget_a_room(room)
        return room

    def _forget_a_room(self, newest: Room) -> None:
        """Where too many are empty, that one goes in which least was written; of equals, the oldest."""
        empty = [room for room in self._rooms.values() if not room.size and room is not newest]
        if len(empty) >= MAX_EMPTY_ROOMS:
            least = min(empty, key=lambda room: len(room.history))
            del self._rooms[least.name]

    def _address(self, address: str) -> _Address:
        source = source_of(address)
        if source not in self._addresses:
            self._addresses[source] = _Address(self._limits)
        return self._addresses[source]

    def _renew(self, room_name: str, hours: int, uses: int) -> Invite:
        return self._admission.renew(room_name, uses=uses or None, hours=hours)
