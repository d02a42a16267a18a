"""What only the host of a room may do: one method for each message."""

from time import monotonic
from typing import Protocol

from streamer.errors import ControlError, SetupError
from streamer.relay.access.invites import Right
from streamer.relay.rooms.room import Room
from streamer.wire.close_codes import REMOVED
from streamer.wire.control import MAX_INVITE_HOURS
from streamer.wire.messages import Waiting, WireInvite


class Desk(Protocol):
    """What a room's members want of the lobby: invitations, and those who knock."""

    @property
    def join_origin(self) -> str:
        """The origin of the page where a device learns to trust this relay; empty if there is no such
        page."""

    @property
    def other_relays(self) -> list[str]:
        """Where members go when this relay stops."""

    def invites(self, right: Right) -> list[WireInvite]:
        """What somebody who came by `right` may hand on."""

    def renew(self, hours: int, uses: int) -> None:
        """By how many hours it lasts, and how many people it lets in; 0 is no limit. Raises SetupError."""

    def knocks(self) -> list[Waiting]:
        """The people who are waiting to be let in."""

    def answer(self, number: int, *, admit: bool) -> bool:
        """False where nobody of that number waits."""

    def record(self, *, on: bool) -> None:
        """Have the relay's own recorder begin or end. Raises ControlError `no-recorder`."""


def tell_invites(room: Room, desk: Desk) -> None:
    """To everybody, what they may hand on now."""
    for right in Right:
        members = [member for member in room.members if member.right is right]
        room.tell(members, {"type": "invite", "invites": desk.invites(right)}, about=("invites", right))


class Hosting:
    """By the host `talker_id`. Each may raise ControlError: `no-member`, `bad-invite` or `not-stored`."""

    def __init__(self, talker_id: int, room: Room, desk: Desk) -> None:
        self._talker_id = talker_id
        self._room = room
        self._desk = desk

    def mute(self, talker_id: int) -> None:
        """Ask a member for silence, or everybody but hosts."""
        guests = [member for member in self._room.members if member.right is not Right.HOST]
        asked = [self._room.member(talker_id)] if talker_id else guests
        self._room.tell(asked, {"type": "mute", "talker_id": self._talker_id})

    def remove(self, talker_id: int) -> None:
        self._room.bar(self._room.member(talker_id))
        self._room.member(talker_id).send_away(REMOVED, "removed")

    def unbar(self, number: int) -> None:
        if not self._room.unbar(number):
            raise ControlError(f"nobody with the id {number} was removed", code="no-member", close_code=None)

    def answer(self, number: int, *, admit: bool) -> None:
        if not self._desk.answer(number, admit=admit):
            raise ControlError(f"nobody with the id {number} is knocking", code="no-member", close_code=None)

    def turn(self, talker_id: int) -> None:
        self._room.toggle_turn(self._room.member(talker_id), monotonic())

    def lock(self, *, locked: bool) -> None:
        self._room.lock(self._talker_id, locked=locked)

    def one_at_a_time(self, *, on: bool) -> None:
        self._room.switch_floor(on=on)
        self._room.tell_floor()

    def record(self, *, on: bool, by: str) -> None:
        self._desk.record(on=on)
        self._room.recording.asked_by = by if on else ""

    def only_hosts(self, *, on: bool) -> None:
        self._room.switch_only_hosts(self._talker_id, on=on)

    def keep_captions(self, *, on: bool) -> None:
        self._room.switch_keep_captions(self._talker_id, on=on)

    def invite(self, hours: int, uses: int) -> None:
        """New ones for both roles; everybody is told what they may hand on now."""
        if not 0 <= hours <= MAX_INVITE_HOURS or uses < 0:
            bounds = f'"invite" has 0 to {MAX_INVITE_HOURS} hours and 0 or more uses; 0 is no limit'
            raise ControlError(bounds, code="bad-invite", close_code=None)
        try:
            self._desk.renew(hours, uses)
        except SetupError as error:
            message_to_host = f"there is no new invite, and the previous one stays good: {error}"
            raise ControlError(message_to_host, code="not-stored", close_code=None) from None
        tell_invites(self._room, self._desk)
