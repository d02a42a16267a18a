"""What hosts decide about rooms, and who has the floor: stored for all relays.

A decision is stored as the host takes it, and the one that was stored last counts: all relays see them in that order,
also their own. The floor is stored only where it is as it was known here (compare and set): of two people who ask at
the same time on two relays, the first has it. After a loss, each relay knows best what its own members have.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from streamer.errors import ControlError
from streamer.relay.cluster.bus import Bucket, Entry
from streamer.relay.cluster.cluster_room import ClusterRoom
from streamer.relay.cluster.messages import Floored, Ruled, key_of, room_of
from streamer.relay.cluster.puts import Puts
from streamer.relay.rooms.decisions import Decided, Decisions, parse_decided
from streamer.relay.rooms.room import MAX_TALKER_ID

FindRoom = Callable[[str], ClusterRoom | None]


class Rules:
    """`kept` holds decisions for good, `present` floors for as long as anybody has them."""

    def __init__(
        self, own_id: str, kept: Bucket, present: Bucket, puts: Puts, find_room: FindRoom, decisions: Decisions
    ) -> None:
        self._own_id = own_id
        self._kept = kept
        self._present = present
        self._puts = puts
        self._find_room = find_room
        self._decisions = decisions
        self._floors: dict[str, tuple[Floored, int]] = {}
        self._seen: set[str] = set()
        self._overruled: set[str] = set()
        """Rooms about which somebody elsewhere decided after we did, or just before."""

    def forget(self) -> None:
        """Before all that is stored is told anew: by a server that lost it, too."""
        self._floors.clear()
        self._seen.clear()

    def decided(self, name: str, by: int = 0) -> None:
        """The host did, here."""
        self._overruled.discard(name)
        decided = self._decisions.of(name)
        value: Ruled = {
            "type": "decided",
            "relay": self._own_id,
            "by": by,
            "locked": decided.locked,
            "one_at_a_time": decided.one_at_a_time,
            "only_hosts": decided.only_hosts,
            "barred": [asdict(bar) for bar in decided.barred],
            "keep_captions": decided.keep_captions,
        }
        self._puts.put(self._kept, f"d.{key_of(name)}", value)

    def take(self, entry: Entry, value: Ruled | None) -> None:
        """What is stored. Raises ControlError, or what a damaged file of decisions does."""
        name = room_of(entry.key.removeprefix("d."))
        self._seen.add(name)
        if value is None or self._puts.is_waiting(self._kept, entry.key):
            return
        is_own = value["relay"] == self._own_id
        if is_own and name not in self._overruled:
            return
        if value["type"] != "decided" or not 0 <= value["by"] <= MAX_TALKER_ID:
            raise ControlError("another relay decided what none can", code="bad-field")
        decided = parse_decided(value)
        (self._overruled.discard if is_own else self._overruled.add)(name)
        room = self._find_room(name)
        if room:
            room.from_elsewhere(lambda: room.rule(decided, value["by"]))
            self.fill(room)
        elif decided != self._decisions.of(name):
            _keep(self._decisions, name, decided)

    def tell_own(self) -> None:
        """What was decided here before there was a cluster, where nothing else is stored."""
        for name in self._decisions.rooms - self._seen:
            self.decided(name)

    def floor_moved(self, room: ClusterRoom) -> None:
        key = f"f.{key_of(room.name)}"
        value: Floored = {
            "type": "floor",
            "relay": self._own_id,
            "holder": room.floor.holder,
            "host": room.floor.is_hosts,
        }
        name = room.name

        def known() -> int:
            return self._floors[name][1] if name in self._floors else 0

        def stored(revision: int) -> None:
            if revision:
                self._floors[name] = value, revision

        self._puts.put_if(self._present, key, value, known, stored)

    def take_floor(self, entry: Entry, value: Any) -> None:
        name = room_of(entry.key.removeprefix("f."))
        if value is None:
            self._floors.pop(name, None)
            return
        if value["type"] != "floor" or not 0 <= value["holder"] <= MAX_TALKER_ID:
            raise ControlError("another relay gives the floor to nobody", code="bad-field")
        known = self._floors.get(name)
        if known and known[1] > entry.revision and entry.is_new:
            return
        self._floors[name] = value, entry.revision
        room = self._find_room(name)
        if room and value["relay"] != self._own_id and entry.is_new:
            self.fill(room)

    def fill(self, room: ClusterRoom) -> None:
        """A room that is used from now on, or that came to know what it must for this.

        That nobody has it was stored by who gave it back, and says nothing of a member here who has asked since.
        """
        found = self._floors.get(room.name)
        if found and found[0]["holder"] == 0 and room.local(room.floor.holder):
            self.floor_moved(room)
        elif found:
            room.from_elsewhere(lambda: room.take_floor(found[0]["holder"], is_host=found[0]["host"]))

    def came(self, room: ClusterRoom, talker_id: int) -> None:
        """A member elsewhere is known from now on; that it has the floor may be known already."""
        found = self._floors.get(room.name)
        if found and found[0]["holder"] == talker_id:
            self.fill(room)

    def settle(self, room: ClusterRoom) -> None:
        """All that is stored was told: that counts for members elsewhere, and of its own members this relay knows."""
        found = self._floors.get(room.name)
        stored, is_host = (found[0]["holder"], found[0]["host"]) if found else (0, False)
        is_of_here = room.local(room.floor.holder) is not None or room.local(stored) is not None
        if is_of_here and not room.is_elsewhere(stored):
            self.floor_moved(room)
        else:
            room.from_elsewhere(lambda: room.take_floor(stored, is_host=is_host))


def _keep(decisions: Decisions, name: str, decided: Decided) -> None:
    decisions.keep(
        name,
        locked=decided.locked,
        one_at_a_time=decided.one_at_a_time,
        only_hosts=decided.only_hosts,
        barred=decided.barred,
        keep_captions=decided.keep_captions,
    )
