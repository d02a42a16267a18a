"""The seam for what takes part in a room without being a member: a recorder, captions, another relay, the
echo.

`Room.add_observer` attaches one. It gets what the members get, in the same order, as PROTOCOL.md describes
it: packets and messages, no WebSocket frames. It runs in the relay's event loop between the packets of all
rooms, so it must return at once, and leave to a thread or a task what takes longer. What it raises is
reported, and harms nobody.
"""

from typing import Protocol

from streamer.wire.messages import FromRelay


class Observer(Protocol):
    """Takes what a room's members say and what becomes of them."""

    def push(self, packet: bytes, now_us: int, /) -> None:
        """Each packet when it arrives, the talker_id stamped; `now_us` is of the relay's clock."""

    def push_message(self, message: FromRelay, /) -> None:
        """Each message for everybody in the room, or for everybody except the member that it is about."""
