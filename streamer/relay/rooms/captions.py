"""Captions of a room: who writes down what is said, who reads along, and for how much of it there is room.

A captioner is a member like any other; the relay decodes nothing. Nobody is written down unseen: whoever
sends a line counts as a captioner from then on, and everybody is told before that line goes out. What others
hear of a line is clean as chat is, and of a line that is still being said the newest state is enough. Where
the host wants it, lines that are final are kept in the chat.
"""

from collections.abc import Sequence
from time import monotonic
from typing import assert_never

from streamer.errors import ControlError
from streamer.relay.access.allowance import CAPTION_BYTES, CAPTION_SWITCHES, CAPTIONS, too_fast
from streamer.relay.access.rate_limit import Buckets
from streamer.relay.access.sanitize import clean_caption
from streamer.relay.rooms.caption_board import CaptionBoard
from streamer.relay.rooms.member import Member
from streamer.relay.rooms.rights import check_may
from streamer.relay.rooms.room import Room
from streamer.wire.captions import AskCaptions, Caption, Captioning, WriteCaption
from streamer.wire.messages import FromRelay

FromReader = AskCaptions | Captioning | WriteCaption


def keep_in_chat(room: Room, line: Caption, members: Sequence[Member]) -> None:
    """What was said, for those who come later, and in the chat of `members`; a recorder has it from the
    captions."""
    if not (room.keeps_captions and line["final"] and line["text"]):
        return
    room.history.add(line["name"], line["text"], monotonic(), caption=True)
    said: FromRelay = {
        "type": "chat",
        "talker_id": line["talker_id"],
        "text": line["text"],
        "name": line["name"],
        "caption": True,
    }
    room.tell([member for member in members if not member.sink.is_recorder], said)


class Captions:
    """By `member`. Each may raise ControlError, with which the session goes on. `now` is in s, of any
    clock."""

    def __init__(self, member: Member, room: Room, board: CaptionBoard, buckets: Buckets) -> None:
        self._member = member
        self._room = room
        self._board = board
        self._buckets = buckets

    def on(self, message: FromReader, now: float) -> None:
        match message["type"]:
            case "captions":
                self._check(is_allowed=self._buckets.try_take(CAPTION_SWITCHES, now))
                self._board.ask(self._member.talker_id, on=message["on"])
            case "captioning":
                check_may(self._member, "caption")
                self._check(is_allowed=self._buckets.try_take(CAPTION_SWITCHES, now))
                self._switch(on=message["on"])
            case "caption":
                self._write(message, now)
            case _:
                assert_never(message)

    def _switch(self, *, on: bool) -> None:
        if self._board.switch(self._member.talker_id, on=on):
            self._room.tell_all(self._board.message, about="captioning")

    def _write(self, message: WriteCaption, now: float) -> None:
        """Counted before it is cleaned: cleaning costs more than reading."""
        check_may(self._member, "caption")
        take = self._buckets.try_take
        size = len(message["text"].encode())
        self._check(is_allowed=take(CAPTIONS, now) and take(CAPTION_BYTES, now, size))
        text = clean_caption(message["text"], may_be_empty=message["final"])
        if message["end_ms"] < message["start_ms"]:
            raise ControlError("a caption ends before it starts", code="bad-caption", close_code=None)
        members = self._room.members
        talker = self._board.talker(message["talker_id"], members)
        self._switch(on=True)
        line: Caption = {**message, "text": text, "name": talker.name}
        about = ("caption", self._member.talker_id, message["talker_id"], message["id"])
        self._room.tell(self._board.readers(members, talker), line, about)
        keep_in_chat(self._room, line, members)

    def _check(self, *, is_allowed: bool) -> None:
        if not is_allowed:
            raise too_fast("that caption was not passed on: it is more than anybody can read")
