"""Who records a room, and who is left out. The fan-out enforces it: a recorder is not given what it may not
keep.

A member's sink carries both flags (websocket/sink.pxd), since packets take the short way past the room.
"""

from collections.abc import Callable
from typing import Protocol

from streamer.errors import ControlError
from streamer.websocket.sink import Sink
from streamer.wire.messages import FromRelay
from streamer.wire.recording import Recording

OF_MEMBERS = ("chat", "notice", "caption")
"""Messages that hold what their sender said."""

Record = Callable[[str, bool], None]
"""Has the relay's own recorder begin or end in a room. Raises ControlError `no-recorder`."""


class Recorded(Protocol):
    """What of a member is known here."""

    talker_id: int
    name: str

    @property
    def sink(self) -> Sink: ...


def no_recorder(room: str, on: bool) -> None:
    """Of a relay whose operator did not ask for one."""
    raise ControlError(
        "this relay does not record: start it with `streamer serve --record DIR`, or run `streamer record` "
        "anywhere",
        code="no-recorder",
        close_code=None,
    )


class RoomRecording:
    """In one room. What changes something returns True: everybody is to be told `message` then."""

    def __init__(self) -> None:
        self._recorders: dict[int, str] = {}
        self._left_out: set[int] = set()
        self.asked_by = ""
        """The host who had the relay record."""

    @property
    def is_on(self) -> bool:
        return bool(self._recorders)

    def is_by(self, talker_id: int) -> bool:
        return talker_id in self._recorders

    @property
    def message(self) -> Recording:
        by = self.asked_by or next(iter(self._recorders.values()), "")
        return {
            "type": "recording",
            "on": self.is_on,
            "by": by if self.is_on else "",
            "left_out": sorted(self._left_out),
        }

    def set_recorder(self, member: Recorded, *, on: bool) -> bool:
        before = self.message
        if on:
            member.sink.is_recorder = True
            self._recorders[member.talker_id] = member.name
        else:
            self._recorders.pop(member.talker_id, None)
        return self.message != before

    def leave_out(self, member: Recorded, *, on: bool) -> bool:
        before = self.message
        member.sink.is_left_out = on
        (self._left_out.add if on else self._left_out.discard)(member.talker_id)
        return self.message != before

    def follow(self, member: Recorded) -> None:
        """The member goes on with another connection."""
        member.sink.is_recorder |= member.talker_id in self._recorders
        member.sink.is_left_out = member.talker_id in self._left_out

    def forget(self, member: Recorded) -> bool:
        """It left. True only where a recording ended: who leaves does not record, and is not told of."""
        was_on = self.is_on
        self._left_out.discard(member.talker_id)
        self._recorders.pop(member.talker_id, None)
        return was_on and not self.is_on


def may_get(receiver: Recorded, message: FromRelay, sender: Recorded) -> bool:
    """True if a message of `sender` is for `receiver`."""
    is_kept = receiver.sink.is_recorder and sender.sink.is_left_out
    return not (is_kept and message["type"] in OF_MEMBERS)
