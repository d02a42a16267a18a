"""Who has the floor of a room, the same on all relays: what is stored counts.

A relay shows at once what its own members do, and stores it where nobody elsewhere was first (compare and
set). Until that is answered it goes on showing that; from then on it shows what is stored, whoever stored it.
So two relays differ only while an answer is on its way, in whatever order things come, and whatever both
sides of a cut have done.

A record is of one connection of its holder: who comes back after a loss no longer has the floor, and no relay
has to be told.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from streamer.errors import ControlError
from streamer.relay.cluster.bus import Bucket, Entry
from streamer.relay.cluster.cluster_room import ClusterRoom
from streamer.relay.cluster.messages import Floored, digest, key_of, room_of
from streamer.relay.cluster.puts import Puts
from streamer.relay.cluster.remote_member import RemoteMember
from streamer.relay.rooms.member import Member
from streamer.relay.rooms.room import MAX_TALKER_ID

FindRoom = Callable[[str], ClusterRoom | None]

NOBODY: Final[tuple[Floored, int]] = (
    {"type": "floor", "holder": 0, "host": False, "session": "", "term": 0},
    0,
)
"""What counts where nothing is stored, and its revision."""


class Floors:
    """In `bucket` a record lives longer than anybody has the floor."""

    def __init__(self, bucket: Bucket, puts: Puts, find_room: FindRoom) -> None:
        self._bucket = bucket
        self._puts = puts
        self._find_room = find_room
        self._records: dict[str, tuple[Floored, int]] = {}
        self._bases: dict[str, int] = {}
        """The revision that a room's change builds on: the record known then, or the change before it."""
        self._own: dict[str, int] = {}
        """Who has the floor by the last change that was made here."""
        self._is_known = False
        self._changed: set[str] = set()
        """Rooms in which somebody here changed it, and that was not stored when the connection was lost."""
        self._before: dict[str, tuple[Floored, int]] = {}
        """What was stored then."""

    def forget(self) -> None:
        """Before all that is stored is told anew: by a server that lost it, too."""
        if self._is_known:
            self._changed, self._before = set(), self._records
        self._changed |= {name for name in self._own if self._is_waiting(name)}
        self._records = {}
        self._is_known = False

    def end_snapshot(self, rooms: Iterable[ClusterRoom]) -> None:
        """All that is stored was told."""
        self._is_known = True
        for room in rooms:
            is_changed = room.name in self._changed or self._is_waiting(room.name)
            self._puts.drop(self._bucket, _key(room.name))
            if room.floor.is_on and self._knows_better(room, is_changed=is_changed):
                self._store(room)
            else:
                self.fill(room)

    def _knows_better(self, room: ClusterRoom, *, is_changed: bool) -> bool:
        """What is stored counts, but what was done here while it was away goes on where that undoes
        nothing."""
        holder, record = room.floor.holder, self._record(room.name)
        stored, is_in_force = record[0]["holder"], self._is_in_force(room)
        if is_changed and (
            record == self._before.get(room.name, NOBODY) or (is_in_force and room.local(stored))
        ):
            return not room.is_elsewhere(holder)
        is_free = stored == 0 or (_member(room, stored) is not None and not is_in_force)
        return is_free and room.local(holder) is not None

    def moved(self, room: ClusterRoom, *, is_of_here: bool) -> None:
        """By what somebody here did, or elsewhere: that takes it from a member here, and from no other."""
        if is_of_here:
            self._store(room)
            return
        before = self._own[room.name] if self._is_waiting(room.name) else self._shown(room)[0]
        if room.floor.holder != before and room.local(before):
            self._store(room)
        else:
            self.fill(room)

    def take(self, entry: Entry, value: Floored | None) -> None:
        """What is stored. Raises ControlError for what no relay of ours would store."""
        name = room_of(entry.key.removeprefix("f."))
        if entry.revision <= self._record(name)[1]:
            return
        if value is None:
            value = NOBODY[0]
        if value["type"] != "floor" or not 0 <= value["holder"] <= MAX_TALKER_ID:
            raise ControlError("another relay gives the floor to nobody", code="bad-field")
        self._records[name] = value, entry.revision
        self.go_on(name)

    def came(self, room: ClusterRoom, talker_id: int) -> None:
        """A member elsewhere is known from now on, or is another one; that it has the floor may be known
        already."""
        if self._record(room.name)[0]["holder"] == talker_id:
            self.fill(room)

    def go_on(self, name: str) -> None:
        """Something of that room is another by now."""
        room = self._find_room(name)
        if room:
            self.fill(room)

    def fill(self, room: ClusterRoom) -> None:
        """Show what is stored: after any change, and any number of times."""
        if not self._is_known or self._is_waiting(room.name):
            return
        value = self._record(room.name)[0]
        member = room.local(room.floor.holder)
        if member and value["holder"] == member.talker_id and not _is_of(value, member):
            self._store(room)  # it goes on with another connection
            return
        holder, is_host = self._shown(room)
        room.from_elsewhere(lambda: room.take_floor(holder, is_host=is_host))

    def _shown(self, room: ClusterRoom) -> tuple[int, bool]:
        """Who has it by what is stored, and whether as a host."""
        value = self._record(room.name)[0]
        return (value["holder"], value["host"]) if self._is_in_force(room) else (0, False)

    def _is_in_force(self, room: ClusterRoom) -> bool:
        """The holder is here or elsewhere, by the connection that the record is of, or that has gone on from
        it."""
        value = self._record(room.name)[0]
        member = _member(room, value["holder"])
        if member is None:
            return False
        goes_on = room.floor.holder == member.talker_id and not room.is_elsewhere(member.talker_id)
        return _is_of(value, member) or (goes_on and _session_of(member) == value["session"])

    def _store(self, room: ClusterRoom) -> None:
        name, holder = room.name, room.floor.holder
        member = _member(room, holder)
        value: Floored = {
            "type": "floor",
            "holder": holder,
            "host": room.floor.is_hosts,
            "session": _session_of(member) if member else "",
            "term": member.term if member else 0,
        }
        if not self._is_waiting(name):
            self._bases[name] = self._record(name)[1]
        self._own[name] = holder
        stored = partial(self._on_stored, name, value)
        self._puts.put_if(self._bucket, _key(name), value, lambda: self._bases[name], stored)

    def _on_stored(self, name: str, value: Floored, revision: int) -> None:
        if revision:
            self._bases[name] = revision
            if revision > self._record(name)[1]:
                self._records[name] = value, revision
        else:  # somebody elsewhere was first, also before what was to follow
            self._puts.drop(self._bucket, _key(name))
        self.go_on(name)

    def _record(self, name: str) -> tuple[Floored, int]:
        return self._records.get(name, NOBODY)

    def _is_waiting(self, name: str) -> bool:
        """For the answer to a change that was made here."""
        return self._puts.has(self._bucket, _key(name))


def _member(room: ClusterRoom, talker_id: int) -> Member | None:
    return room.remote(talker_id) or room.local(talker_id)


def _session_of(member: Member) -> str:
    return member.session if isinstance(member, RemoteMember) else digest(member.device.token)


def _is_of(value: Floored, member: Member) -> bool:
    """Of this connection, or of a later one that is not known here yet."""
    return _session_of(member) == value["session"] and member.term <= value["term"]


def _key(room: str) -> str:
    return f"f.{key_of(room)}"
