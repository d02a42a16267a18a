"""What a member says of recordings: that it records, that the relay shall, or that it wants to be left
out."""

from collections.abc import Callable
from typing import assert_never

from streamer.relay.rooms.hosting import Hosting
from streamer.relay.rooms.member import Member
from streamer.relay.rooms.rights import check_may
from streamer.relay.rooms.room import Room
from streamer.relay.rooms.session import Session
from streamer.wire.recording import OfRecording


class RecordingWishes:
    """By `member`, whose session keeps its wish. Each may raise ControlError, with which the session goes
    on."""

    def __init__(self, member: Member, room: Room, session: Session) -> None:
        self._member = member
        self._room = room
        self._session = session

    def on_entered(self) -> None:
        if self._session.left_out:
            self._leave_out(on=True)
        elif self._room.recording.is_on:
            self._answer()

    def on(self, message: OfRecording, hosting: Callable[[], Hosting]) -> None:
        """`hosting` raises ControlError `not-host` for a guest."""
        match message["type"]:
            case "recording":
                self._record(on=message["on"])
            case "record":
                hosting().record(on=message["on"], by=self._member.name)
                if self._room.recording.is_on and not message["on"]:
                    self._answer()  # of a recorder that is not the relay's own
            case "leave-me-out":
                self._leave_out(on=message["on"])
            case _:
                assert_never(message)

    def _record(self, *, on: bool) -> None:
        """It gets its answer in any case: it waits for that before it keeps anything."""
        check_may(self._member, "record")
        if self._room.recording.set_recorder(self._member, on=on):
            self._room.tell_recording()
        else:
            self._answer()

    def _leave_out(self, *, on: bool) -> None:
        """It gets its answer in any case; the others are told only where there is a recording."""
        self._session.left_out = on
        recording = self._room.recording
        if recording.leave_out(self._member, on=on) and recording.is_on:
            self._room.tell_recording()
        else:
            self._answer()
            self._room.note_untold()

    def _answer(self) -> None:
        self._member.send_control(self._room.recording.message)
