"""What is stored, handed to the part of this relay that it concerns. What can't be used is counted."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streamer.errors import ControlError, RefusedError
from streamer.relay.cluster.bus import Entry
from streamer.relay.cluster.clock import NatsClock
from streamer.relay.cluster.cluster_room import ClusterRoom
from streamer.relay.cluster.floors import Floors
from streamer.relay.cluster.knocks_elsewhere import PREFIX, KnocksElsewhere
from streamer.relay.cluster.lines import Lines
from streamer.relay.cluster.messages import VALUES, expect, parse_bytes, room_of
from streamer.relay.cluster.presence import Presence
from streamer.relay.cluster.rules import Rules
from streamer.relay.cluster.shared_keys import SharedKeys
from streamer.relay.cluster.shared_sessions import SharedSessions
from streamer.relay.rooms.room import Room

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Intake:
    """A method for each store. `slots` has their owners and revisions by key; `room` makes one that is
    written in."""

    counts: Counter[str]
    rules: Rules
    floors: Floors
    presence: Presence
    knocking: KnocksElsewhere
    sessions: SharedSessions
    keys: SharedKeys
    lines: Lines
    clock: NatsClock
    slots: dict[str, tuple[str, int]]
    room: Callable[[str], Room]

    def take(self, entry: Entry, take: Callable[[Any], None]) -> None:
        """What can't be used is counted, and is as if it were not there."""
        try:
            take(None if entry.value is None else parse_bytes(entry.value, VALUES))
        except (ControlError, RefusedError, ValueError, TypeError, KeyError) as error:
            self.counts["unusable"] += 1
            logger.debug("%s: %s", entry.key[:80], error)

    def present(self, entry: Entry) -> None:
        if entry.key.startswith("f."):
            self.take(entry, lambda value: self.floors.take(entry, value and expect(value, "floor")))
        elif entry.key.startswith(PREFIX):
            self.take(entry, lambda value: self.knocking.take(entry.key, value and expect(value, "knock")))
        else:
            self.take(entry, lambda value: self.presence.take(entry.key, value and expect(value, "member")))

    def hour(self, entry: Entry) -> None:
        def take(value: Any) -> None:
            if entry.key.startswith("slot."):
                self.slots[entry.key] = (expect(value, "slot")["relay"] if value else "", entry.revision)
            else:
                self.sessions.take(entry.key.removeprefix("session."), value and expect(value, "session"))

        self.take(entry, take)

    def kept(self, entry: Entry) -> None:
        if entry.key.startswith("d."):
            self.take(entry, lambda value: self.rules.take(entry, value))
        else:
            self.take(entry, lambda value: self.keys.take(entry.key, value))

    def line(self, entry: Entry) -> None:
        def take(value: Any) -> None:
            if value is None or not self.lines.is_news(expect(value, "line")):
                return
            room = self.room(room_of(entry.key))
            if isinstance(room, ClusterRoom):
                is_new = self.clock.is_news(entry.stored_s, is_new=entry.is_new)
                self.lines.take(room, value, self.clock.age_s(entry.stored_s), is_new=is_new)

        self.take(entry, take)
