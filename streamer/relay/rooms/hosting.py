"""What only the host of a room may do."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from streamer.errors import ControlError, SetupError
from streamer.relay.access.invites import Invite, Right
from streamer.relay.rooms.room import Room
from streamer.wire.control import Message

if TYPE_CHECKING:
    from streamer.relay.rooms.leg import Leg

REMOVED: Final = 4401

Renew = Callable[[int, int], Invite]
"""Makes a new invite, by how many hours it lasts and how many people it lets in; 0 is no limit."""


def obey_host(message: Message, sender: "Leg", room: Room, renew: Renew) -> None:
    """Raises ControlError `not-host`, `no-member`, `bad-field` or `not-stored`."""
    if sender.right is not Right.HOST:
        raise ControlError("only the host of this room may do that", code="not-host", close_code=None)
    match message:
        case {"type": "mute", "talker_id": talker_id}:
            room.member(talker_id).send_control({"type": "mute", "talker_id": sender.talker_id})
        case {"type": "remove", "talker_id": talker_id}:
            room.member(talker_id).send_away(REMOVED, "the host removed you from this room")
        case {"type": "lock", "locked": locked}:
            room.locked = locked
            sender.tell_all({"type": "lock", "locked": locked})
        case {"type": "one_at_a_time", "on": on}:
            room.switch_floor(on=on)
            room.tell_floor()
        case {"type": "invite", "hours": hours, "uses": uses}:
            if hours < 0 or uses < 0:
                raise ControlError('hours and uses of "invite" are 0 or more', code="bad-field")
            try:
                key = renew(hours, uses).key
            except SetupError as error:
                message_to_host = f"there is no new invite, and the previous one stays good: {error}"
                raise ControlError(message_to_host, code="not-stored", close_code=None) from None
            sender.send_control({"type": "invite", "key": key, "hours": hours, "uses": uses})
