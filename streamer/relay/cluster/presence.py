"""Who is in which room on which relay: a value for each member, which its relay stores and the others watch.

Each side compares what it has with what is stored, and makes the two equal: a member elsewhere comes, changes
and leaves as its value does, and one here whose value is missing is stored again. If two relays say that they
have the member, the one with the later connection (`term`) has it.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from streamer.errors import ControlError
from streamer.relay.access.invites import Right
from streamer.relay.access.sanitize import clean_name
from streamer.relay.cluster.bus import Bucket
from streamer.relay.cluster.cluster_room import ClusterRoom
from streamer.relay.cluster.messages import Present, digest, key_of, room_of
from streamer.relay.cluster.peers import Peers
from streamer.relay.cluster.puts import Puts
from streamer.relay.rooms.member import Member
from streamer.relay.rooms.room import MAX_TALKER_ID

MAX_PRESENT: Final = 50_000
"""Members of all relays that are known here; about 1 KB each."""

MAX_PRESENT_IN_ROOM: Final = 4_096
"""Forty times the members of the largest room by default: whoever invents members fills no room's memory."""

REFRESH_S: Final = 20.0
"""A value is stored again long before it expires, which is after PRESENT_S."""

PRESENT_S: Final = 60.0

FindRoom = Callable[[str], ClusterRoom | None]
Came = Callable[[ClusterRoom, int], None]


class Presence:
    """`find_room` gives a room that is used here; `came` is told of members elsewhere, each time they are
    shown."""

    def __init__(
        self, own_id: str, bucket: Bucket, peers: Peers, puts: Puts, find_room: FindRoom, came: Came
    ) -> None:
        self._own_id = own_id
        self._bucket = bucket
        self._peers = peers
        self._puts = puts
        self._find_room = find_room
        self._came = came
        self._stored: dict[str, dict[int, Present]] = {}
        self._untold: set[tuple[str, int]] = set()
        """Who was stored before a connection that has not told all yet. They count until it has told all."""
        self._told: dict[str, dict[int, Present]] = {}
        self._count = 0

    def take(self, key: str, value: Present | None) -> None:
        """What is stored now. Raises ControlError for what is nobody."""
        _, _, rest = key.partition(".")
        room_key, _, number = rest.partition(".")
        room = room_of(room_key)
        if not (number.isascii() and number.isdecimal() and 0 < int(number[:6]) <= MAX_TALKER_ID):
            raise ControlError("a member of another relay has no talker_id", code="bad-field")
        talker_id = int(number)
        if value is not None:
            _check(value)
        self._untold.discard((room, talker_id))
        self._keep(room, talker_id, value)
        self._settle(room, talker_id)

    def _keep(self, room: str, talker_id: int, value: Present | None) -> None:
        here = self._stored.setdefault(room, {})
        before = here.pop(talker_id, None)
        self._count -= before is not None
        if value is not None and self._count < MAX_PRESENT and len(here) < MAX_PRESENT_IN_ROOM:
            here[talker_id] = value
            self._count += 1
        if not here:
            del self._stored[room]

    def settle_relay(self, relay: str) -> None:
        """It came, or is gone, with all its members."""
        for room, here in list(self._stored.items()):
            for talker_id, value in list(here.items()):
                if value["relay"] == relay:
                    self._settle(room, talker_id)

    def fill(self, room: ClusterRoom) -> None:
        """A room that is used from now on."""
        for talker_id, value in self._stored.get(room.name, {}).items():
            if self._is_shown(value):
                room.show(talker_id, value)

    def review(self, room: ClusterRoom) -> None:
        """Some of what was told of members elsewhere may have been told after what was decided about the
        room."""
        for talker_id in list(self._stored.get(room.name, {})):
            self._settle(room.name, talker_id)

    def forget(self) -> None:
        """Before all that is stored is told anew, and ours again: what is not told then is not there any
        more."""
        self._untold = {(room, talker_id) for room, here in self._stored.items() for talker_id in here}
        self._told = {}
        self._puts.forget(self._bucket)

    def end_snapshot(self) -> None:
        """All that is stored was told: whoever was there before, and was not told, has gone."""
        for room, talker_id in self._untold:
            self._keep(room, talker_id, None)
            self._settle(room, talker_id)
        self._untold.clear()

    def _is_shown(self, value: Present) -> bool:
        return value["relay"] != self._own_id and self._peers.is_ours(value["relay"])

    def _settle(self, name: str, talker_id: int) -> None:
        value = self._stored.get(name, {}).get(talker_id)
        room = self._find_room(name)
        local = room.local(talker_id) if room else None
        shown = value if value and self._is_shown(value) else None
        if room is None or local is None:
            if room:
                is_news = shown is not None and not room.is_elsewhere(talker_id)
                room.from_elsewhere(partial(room.show, talker_id, shown))
                if shown and is_news:
                    self._part_names(room, talker_id, shown)
                if shown:
                    self._came(room, talker_id)
            if value and value["relay"] == self._own_id:
                self._puts.put(self._bucket, _key(name, talker_id), None)
        elif shown and _rank(shown["term"], shown["relay"]) > _rank(local.term, self._own_id):
            self._told.get(name, {}).pop(talker_id, None)
            room.give_up(local, shown)
            self._came(room, talker_id)
        elif value is None or value["relay"] != self._own_id:
            self._store(room, local)

    def _part_names(self, room: ClusterRoom, talker_id: int, newcomer: Present) -> None:
        """Two who came in while their relays knew nothing of each other may have one name, and both relays
        know who keeps it: a host, and of equals the lower talker_id. The other one comes in again, under a
        name of its own."""
        keeps = newcomer["right"] == Right.HOST.value, -talker_id
        for member in room.here:
            if member.name == newcomer["name"] and (member.right is Right.HOST, -member.talker_id) < keeps:
                room.send_back(member)

    def tell(self, room_name: str, *, again: bool = False) -> None:
        """Store what has changed of the members here, or all `again`."""
        room = self._find_room(room_name)
        told = self._told.pop(room_name, {})
        members = {member.talker_id: member for member in room.here} if room else {}
        stored = self._stored.get(room_name, {})
        own = {talker_id for talker_id, value in stored.items() if value["relay"] == self._own_id}
        for talker_id in (own | (told.keys() - stored.keys())) - members.keys():
            self._puts.put(self._bucket, _key(room_name, talker_id), None)
        if not room or not members:
            return
        self._told[room_name] = told = {each: told[each] for each in told.keys() & members.keys()}
        for talker_id, member in members.items():
            if again or told.get(talker_id) != self._value_of(room, member):
                self._store(room, member)

    def tell_all_again(self) -> None:
        for name in list(self._told):
            self.tell(name, again=True)

    def _store(self, room: ClusterRoom, member: Member) -> None:
        value = self._value_of(room, member)
        self._told.setdefault(room.name, {})[member.talker_id] = value
        self._puts.put(self._bucket, _key(room.name, member.talker_id), value)

    def _value_of(self, room: ClusterRoom, member: Member) -> Present:
        return {
            "type": "member",
            "relay": self._own_id,
            "term": member.term,
            "session": digest(member.device.token),
            "name": member.name,
            "asked_name": member.device.name,
            "right": member.right.value,
            "muted": member.muted,
            "away": member.away,
            "hand": member.hand,
            "hand_us": member.hand_us,
            "listening": member.listening,
            "turn": room.rights.has_turn(member),
            "records": room.recording.is_by(member.talker_id),
            "left_out": member.sink.is_left_out,
            "captions": room.captions.is_by(member.talker_id),
        }


def _check(value: Present) -> None:
    """Raises ControlError, RefusedError or ValueError where a relay of ours would not say so."""
    Right(value["right"])
    for name in (value["name"], value["asked_name"]):
        if clean_name(name[:256]) != name:
            raise ControlError("a member of another relay has a name that is not allowed", code="bad-field")


def _key(room: str, talker_id: int) -> str:
    return f"m.{key_of(room)}.{talker_id}"


def _rank(term: int, relay: str) -> tuple[int, str]:
    return term, relay
