"""What programs and devices say in a room: one method for each message. All of it is counted here, then
cleaned.

Who sent a notice or a command may lose the connection and come back before the answer is there: senders are
known by the token of their session.
"""

from typing import assert_never

from streamer.errors import ControlError
from streamer.relay.access.allowance import (
    COMMANDS,
    REPLIES,
    REPORT_BYTES,
    REPORTS,
    Allowance,
    too_fast,
)
from streamer.relay.access.programs import (
    CleanNotice,
    clean_command,
    clean_device,
    clean_notice,
    clean_result,
    clean_values,
)
from streamer.relay.access.rate_limit import Buckets
from streamer.relay.rooms.commands import CommandRequest
from streamer.relay.rooms.events import without_type
from streamer.relay.rooms.member import Member
from streamer.relay.rooms.notices import Answer
from streamer.relay.rooms.rights import check_may
from streamer.relay.rooms.room import Room
from streamer.wire.json_size import json_size
from streamer.wire.messages import FromRelay
from streamer.wire.programs import AnswerNotice, Ask, Done, FinalOutcome, Notice, Notify, Report

FromProgram = Notify | AnswerNotice | Report | Ask | Done


class Programs:
    """By `member`. Each may raise ControlError, with which the session goes on. Times are in s, of any
    clock."""

    def __init__(self, member: Member, room: Room, allowance: Allowance, buckets: Buckets) -> None:
        self._member = member
        self._room = room
        self._allowance = allowance
        self._buckets = buckets

    def on(self, message: FromProgram, now: float) -> None:
        match message["type"]:
            case "notify":
                self._notify(message, now)
            case "reply":
                self._reply(message, now)
            case "telemetry":
                self._report(message, now)
            case "command":
                self._ask(message, now)
            case "result":
                outcome, words = clean_result(message["outcome"], message["message"])
                self._room.commands.take(message["id"], self._member.talker_id, outcome, words)
            case _:
                assert_never(message)

    def _notify(self, message: Notify, now: float) -> None:
        """Counted before it is cleaned: cleaning costs more than reading. The sender gets it back, too."""
        check_may(self._member, "notify")
        title, actions = message.get("title", ""), message.get("actions", [])
        size = len(message["text"].encode()) + len(title.encode()) + json_size(actions)
        self._allowance.check(size, now)
        sound = message.get("sound", False)
        clean = clean_notice(message["text"], title, message["level"], actions, sound=sound)
        room, token = self._room, self._member.device.token
        member = self._member
        notice = add_notice(
            room, clean, member.talker_id, member.name, lambda reply: tell(room, token, reply), now
        )
        own_id = message.get("id", 0)
        member.send_control({**notice, "own_id": own_id} if own_id else notice)
        room.tell_others(notice, member)

    def _reply(self, message: AnswerNotice, now: float) -> None:
        self._check(is_allowed=self._buckets.try_take(REPLIES, now))
        member = self._member
        reply = self._room.notices.reply(message["id"], message["action"], member.talker_id, member.name)
        self._room.observe("reply", without_type(reply))

    def _report(self, message: Report, now: float) -> None:
        values, device = message["values"], message["device"]
        size = json_size(message)
        take = self._buckets.try_take
        self._check(is_allowed=take(REPORTS, now) and take(REPORT_BYTES, now, size))
        clean = clean_values(values) if values is not None else None
        self._room.telemetry.take(self._member.talker_id, clean_device(device), clean, now)
        self._room.tell_telemetry(now)

    def _ask(self, message: Ask, now: float) -> None:
        """Whatever becomes of it, the sender hears by the id that it gave."""
        check_may(self._member, "command")
        self._check(is_allowed=self._buckets.try_take(COMMANDS, now))
        name, device = clean_command(
            message["name"], message["device"], message["arguments"], message["deadline_ms"]
        )
        room, token, number = self._room, self._member.device.token, message["id"]

        def answer(outcome: FinalOutcome, words: str) -> None:
            tell(room, token, {"type": "result", "id": number, "outcome": outcome, "message": words})

        request = CommandRequest(
            self._member.talker_id,
            self._member.name,
            device,
            name,
            message["arguments"],
            message["deadline_ms"],
        )
        try:
            target = room.member(message["talker_id"])
        except ControlError:
            answer("gone", "")
            return
        room.commands.ask(request, target, token, answer)

    def _check(self, *, is_allowed: bool) -> None:
        if not is_allowed:
            raise too_fast("that was not passed on: programs may not say more than this in so short a time")


def add_notice(
    room: Room, clean: CleanNotice, talker_id: int, name: str, answer: Answer, now: float
) -> Notice:
    """The notice as the members get it; it is in the room's history now."""
    notice = room.notices.add(clean, talker_id, name, answer)
    room.history.add(name, clean.text, now, title=clean.title, level=clean.level)
    room.observe("notice", without_type(notice))
    return notice


def tell(room: Room, token: str, message: FromRelay) -> None:
    """To the member whose session has this token, if it is here."""
    for member in room.members if token else ():
        if member.device.token == token:
            member.send_control(message)
