"""Where everybody who asks for a room is received: let in, and by which right, or told why not."""

from collections import Counter
from collections.abc import Mapping
from time import monotonic
from typing import Final

from streamer.errors import RefusedError
from streamer.relay.admission import Admission, Invite, Right, end_after
from streamer.relay.background import surviving
from streamer.relay.echo import ECHO_ROOM, EchoRoom, Later
from streamer.relay.guesses import Guesses
from streamer.relay.hub import Room, SharedRoom
from streamer.relay.limits import RelayLimits
from streamer.relay.plain_text import check_room_name, clean_name
from streamer.relay.session import Entry
from streamer.relay.stays import Stay, Stays

GUEST: Final = "Guest"


class Reception:
    """The rooms of a relay, and who may enter them. A room is there while somebody is in it, or has just written."""

    def __init__(self, admission: Admission, limits: RelayLimits, call_later: Later) -> None:
        self.is_draining = False
        self._admission = admission
        self._limits = limits
        self._call_later = call_later
        self._rooms: dict[str, Room] = {}
        self._addresses: Counter[str] = Counter()
        self._guesses = Guesses()
        self._stays = Stays()

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
        if self._addresses[address] >= self._limits.max_per_address:
            raise RefusedError("there are too many connections from this address", status=429, code="too-many")
        room = self._room(room_name)
        self._check_space(room, right, resumed)
        stay = resumed or Stay(room_name, right)
        return Entry(room, name, stay, lambda hours, uses: self._renew(room_name, hours, uses))

    def entered(self, entry: Entry, address: str) -> None:
        self._addresses[address] += 1
        if self._stays.keep(entry.stay):
            self._admission.entered(entry.room.name, entry.stay.right)

    def left(self, address: str) -> None:
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]

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
        if room.locked and right is not Right.HOST and not resumed:
            raise RefusedError("the host has locked this room: ask to be let in", status=403, code="locked")
        if room.size >= self._limits.max_members and not (resumed and resumed.session):
            raise RefusedError("this room is full", status=429, code="too-many")

    def _room(self, name: str) -> Room:
        if name == ECHO_ROOM:
            return EchoRoom(self._call_later)
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = SharedRoom(name)
        return room

    def _renew(self, room_name: str, hours: int, uses: int) -> Invite:
        return self._admission.renew(room_name, end_after(hours), uses or None)
