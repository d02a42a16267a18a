"""What people and programs tell a room, and who answered what. Of each room the last KEPT are known."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time_ns
from typing import Final

from streamer.errors import ControlError
from streamer.relay.access.programs import CleanNotice
from streamer.wire.programs import Notice, Reply

KEPT: Final = 100
MAX_REPLIES: Final = 256
"""To one notice: one of each member, and some who came and went."""

Answer = Callable[[Reply], None]
"""Hands a reply to who sent the notice."""


@dataclass(slots=True)
class Sent:
    """A notice, and the last reply of each who answered, by talker_id."""

    notice: Notice
    answer: Answer
    replies: dict[int, Reply] = field(default_factory=dict)


class Notices:
    """Of one room. Ids grow, also over a restart of the relay, so that no reply meets another notice."""

    def __init__(self) -> None:
        self._sent: deque[Sent] = deque(maxlen=KEPT)
        self._last_id = 0
        self.step, self.offset = 1, 0
        """Of several relays, each gives ids of its own: of `step` ids one, `offset` behind the first."""

    def add(self, clean: CleanNotice, talker_id: int, name: str, answer: Answer) -> Notice:
        """The notice as members get it."""
        self._last_id = max(self._last_id + 1, time_ns() // 1_000_000)
        notice: Notice = {
            "type": "notice",
            "id": self._last_id * self.step + self.offset,
            "talker_id": talker_id,
            "name": name,
            "title": clean.title,
            "text": clean.text,
            "level": clean.level,
            "sound": clean.sound,
            "actions": list(clean.actions),
        }
        self.keep(notice, answer)
        return notice

    def keep(self, notice: Notice, answer: Answer) -> None:
        """To be answered, though it was made elsewhere."""
        self._sent.append(Sent(notice, answer))

    def find(self, notice_id: int) -> Sent | None:
        return next((sent for sent in self._sent if sent.notice["id"] == notice_id), None)

    def reply(self, notice_id: int, action: int, talker_id: int, name: str) -> Reply:
        """Raises ControlError `no-notice` where it is not known, or has no such action."""
        sent = self.find(notice_id)
        if sent is None or not 0 <= action < len(sent.notice["actions"]):
            raise ControlError(
                "there is no such notice, or no such answer to it", code="no-notice", close_code=None
            )
        reply: Reply = {
            "type": "reply",
            "id": notice_id,
            "talker_id": talker_id,
            "name": name,
            "action": action,
        }
        if talker_id in sent.replies or len(sent.replies) < MAX_REPLIES:
            sent.replies[talker_id] = reply
        sent.answer(reply)
        return reply
