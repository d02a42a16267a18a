"""Who talks now, for programs that watch a room. Packets bypass Python, so the relay looks a few times a
second."""

from collections.abc import Iterable
from typing import Final

from streamer.relay.rooms.member import Member
from streamer.relay.rooms.room import Room

EVERY_S: Final = 0.2
"""A lamp that follows a voice looks prompt; a look costs a few microseconds for a member."""

HOLDS_US: Final = 500_000
"""After the last packet with a voice in it: the pauses within a sentence are shorter."""


def is_talking(member: Member, now_us: int) -> bool:
    """At `now_us` of the relay's clock."""
    return bool(member.voiced_us) and now_us - member.voiced_us < HOLDS_US


class TalkWatch:
    """Tells the rooms' watchers `talking` and `silent`."""

    def __init__(self) -> None:
        self._talking: dict[tuple[str, int], str] = {}

    def look(self, rooms: Iterable[Room], now_us: int) -> None:
        """`now_us` is of the relay's clock."""
        found: dict[tuple[str, int], str] = {}
        by_name = {room.name: room for room in rooms}
        for room in by_name.values():
            for member in room.members:
                if is_talking(member, now_us):
                    found[room.name, member.talker_id] = member.name
        for (name, talker_id), who in {**self._talking, **found}.items():
            is_on, was_on = (name, talker_id) in found, (name, talker_id) in self._talking
            if is_on != was_on and name in by_name:
                by_name[name].observe("talking" if is_on else "silent", {"talker_id": talker_id, "name": who})
        self._talking = found
