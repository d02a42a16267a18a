"""What hosts decide about rooms: stored for all relays.

A decision is stored where nothing is stored that was not known when it was taken (compare and set). Where a
host elsewhere was first, also during a cut, the two are merged, and that is stored: no relay's decision
undoes another's.
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial

from streamer.errors import ControlError
from streamer.relay.cluster.bus import Bucket, Entry
from streamer.relay.cluster.cluster_room import ClusterRoom
from streamer.relay.cluster.merging import merged
from streamer.relay.cluster.messages import Ruled, key_of, room_of
from streamer.relay.cluster.puts import Puts
from streamer.relay.rooms.decisions import Decided, Decisions, parse_decided
from streamer.relay.rooms.room import MAX_TALKER_ID

FindRoom = Callable[[str], ClusterRoom | None]
OnRuled = Callable[[ClusterRoom], None]


class Rules:
    """`kept` holds decisions for good. `on_ruled` is told of rooms about which somebody elsewhere decided."""

    def __init__(
        self,
        own_id: str,
        kept: Bucket,
        puts: Puts,
        find_room: FindRoom,
        decisions: Decisions,
        on_ruled: OnRuled,
    ) -> None:
        self._own_id = own_id
        self._kept = kept
        self._puts = puts
        self._find_room = find_room
        self._decisions = decisions
        self._on_ruled = on_ruled
        self._revisions: dict[str, int] = {}
        self._before: dict[str, Decided] = {}
        """Of rooms about which something was decided here that is not stored yet: what held before that."""
        self._by: dict[str, int] = {}

    def forget(self) -> None:
        """Before all that is stored is told anew: by a server that lost it, too."""
        self._revisions.clear()

    def begin(self, name: str, before: Decided) -> None:
        """The host decides, here: what comes from elsewhere is merged with that, from now on."""
        self._before.setdefault(name, before)

    def decided(self, name: str, by: int = 0) -> None:
        """The host did, here."""
        self._before.setdefault(name, Decided())
        self._by[name] = by
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
        stored = partial(self._on_stored, name, decided)
        self._puts.put_if(self._kept, _key(name), value, lambda: self._revisions.get(name, 0), stored)

    def take(self, entry: Entry, value: Ruled | None) -> None:
        """What is stored. Raises ControlError, or what a damaged file of decisions does."""
        name = room_of(entry.key.removeprefix("d."))
        if entry.revision <= self._revisions.get(name, 0):
            return
        self._revisions[name] = entry.revision
        if value is None:
            return
        if value["type"] != "decided" or not 0 <= value["by"] <= MAX_TALKER_ID:
            raise ControlError("another relay decided something that can't be decided", code="bad-field")
        stored = parse_decided(value)
        if name not in self._before:
            self._apply(name, stored, value["by"])
        elif value["relay"] == self._own_id:
            self._before[name] = stored  # what waits was decided after it
        else:
            self._merge(name, stored, value["by"])

    def _merge(self, name: str, stored: Decided, by: int) -> None:
        both = merged(self._before.pop(name), self._decisions.of(name), stored)
        self._apply(name, both, by)
        if both == stored:
            self._puts.drop(self._kept, _key(name))
        else:
            self._before[name] = stored
            self.decided(name, self._by.get(name, 0))

    def _apply(self, name: str, decided: Decided, by: int) -> None:
        room = self._find_room(name)
        if room:
            room.from_elsewhere(lambda: room.rule(decided, by))
            self._on_ruled(room)
        elif decided != self._decisions.of(name):
            _keep(self._decisions, name, decided)

    def _on_stored(self, name: str, decided: Decided, revision: int) -> None:
        """Where somebody elsewhere was first, what they stored comes, or has come, and is merged with
        this."""
        if not revision:
            return
        if revision > self._revisions.get(name, 0):
            self._revisions[name], self._before[name] = revision, decided
        if not self._puts.has(self._kept, _key(name)):
            self._before.pop(name, None)

    def tell_own(self) -> None:
        """What was decided here before there was a cluster, or was lost there: where nothing is stored."""
        for name in self._decisions.rooms - self._revisions.keys():
            self._before[name] = Decided()
            self.decided(name)


def _keep(decisions: Decisions, name: str, decided: Decided) -> None:
    decisions.keep(
        name,
        locked=decided.locked,
        one_at_a_time=decided.one_at_a_time,
        only_hosts=decided.only_hosts,
        barred=decided.barred,
        keep_captions=decided.keep_captions,
    )


def _key(room: str) -> str:
    return f"d.{key_of(room)}"
