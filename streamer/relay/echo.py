"""The built-in room where one person with one phone can try everything."""

from collections.abc import Callable
from typing import Final

from streamer.errors import ControlError
from streamer.relay.hub import Member, Room, state_of
from streamer.wire.control import Message
from streamer.wire.packet import stamp

ECHO_ROOM: Final = "echo"
ECHO_DELAY_S: Final = 1.0
MESSAGES_PER_S: Final = 250
"""From one member: 100 packets and some messages, and as much again after the network held them up."""
MAX_HELD: Final = 300
"""Packets and messages of one member that wait to be said again, so at most 450 KB of voice; more is not said."""

Later = Callable[[float, Callable[[], None]], object]
"""Calls a function so many seconds from now, as loop.call_later does."""

_YOU: Final = 1
_ECHO: Final = 2


class EchoRoom(Room):
    """One member, alone with `Echo`, who says everything again one second later; nothing is decoded."""

    def __init__(self, call_later: Later) -> None:
        super().__init__(ECHO_ROOM)
        self._call_later = call_later
        self._present = False
        self._held = 0

    @property
    def size(self) -> int:
        return int(self._present)

    def join(self, member: Member) -> list[Message]:
        member.talker_id = _YOU
        self._present = True
        return [{"talker_id": _ECHO, "name": "Echo", **state_of(member)}]

    def take_over(self, member: Member, before: Member) -> list[Message]:
        return self.join(member)

    def member(self, talker_id: int) -> Member:
        raise ControlError("nobody here but you and your echo", code="no-member", close_code=None)

    def leave(self, member: Member) -> None:
        self._present = False

    def tell_floor(self) -> None:
        """Nobody else is here to take it."""

    def fan_out(self, packet: bytes, talker: Member) -> None:
        self._echo(lambda: talker.send_packet(stamp(packet, _ECHO)))

    def tell_others(self, message: Message, sender: Member) -> None:
        self._echo(lambda: sender.send_control({**message, "talker_id": _ECHO}))

    def _echo(self, say: Callable[[], None]) -> None:
        if self._held >= MAX_HELD:
            return
        self._held += 1

        def say_if_present() -> None:
            self._held -= 1
            if self._present:
                say()

        self._call_later(ECHO_DELAY_S, say_if_present)
