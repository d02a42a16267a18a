"""Who captions a room and who reads along, by talker_id; and the names of talkers who have just left."""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from streamer.errors import ControlError
from streamer.relay.rooms.member import Member
from streamer.wire.captions import Captioning

KEPT_NAMES: Final = 100
"""Talkers who left: the last words of a roomful may still be recognised when they are gone."""


class Talker(NamedTuple):
    """Whose words a line holds."""

    name: str
    is_left_out: bool
    """Of recordings: no recorder reads along then."""


class CaptionBoard:
    """Of one room."""

    def __init__(self) -> None:
        self._captioners: set[int] = set()
        self._readers: set[int] = set()
        self._gone: deque[tuple[int, Talker]] = deque(maxlen=KEPT_NAMES)

    @property
    def message(self) -> Captioning:
        return {"type": "captioning", "on": self.is_on}

    @property
    def is_on(self) -> bool:
        return bool(self._captioners)

    def is_by(self, talker_id: int) -> bool:
        return talker_id in self._captioners

    def switch(self, talker_id: int, *, on: bool) -> bool:
        """True if that changes whether anybody captions."""
        before = self.is_on
        (self._captioners.add if on else self._captioners.discard)(talker_id)
        return before != self.is_on

    def ask(self, talker_id: int, *, on: bool) -> None:
        (self._readers.add if on else self._readers.discard)(talker_id)

    def readers(self, members: Sequence[Member], talker: Talker) -> list[Member]:
        reads = (member for member in members if member.talker_id in self._readers)
        return [member for member in reads if not (talker.is_left_out and member.sink.is_recorder)]

    def forget(self, member: Member) -> bool:
        """It is gone; its last words may follow. True if nobody captions any more, but somebody did."""
        self._gone.append((member.talker_id, _talker(member)))
        self.ask(member.talker_id, on=False)
        return self.switch(member.talker_id, on=False)

    def talker(self, talker_id: int, members: Sequence[Member]) -> Talker:
        """Raises ControlError `no-member` where nobody has that talker_id, or had it lately."""
        here = [(member.talker_id, _talker(member)) for member in members]
        for known, talker in (*here, *reversed(self._gone)):
            if known == talker_id:
                return talker
        raise ControlError(f"nobody here has the talker_id {talker_id}", code="no-member", close_code=None)


def _talker(member: Member) -> Talker:
    return Talker(member.name, member.sink.is_left_out)
