"""The built-in room where one person with one phone can try everything.

It asks for no invite, so what one visitor costs is bounded: how much waits for its second, and how fast it comes.
"""

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from time import monotonic
from typing import Final, cast

from streamer.errors import ControlError
from streamer.relay.access.rate_limit import Bucket
from streamer.relay.rooms.member import Member, describe
from streamer.relay.rooms.room import Room
from streamer.wire import messages
from streamer.wire.messages import FromRelay
from streamer.wire.packet import stamp
from streamer.wire.room_link import ECHO_ROOM

ECHO_DELAY_S: Final = 1.0
MESSAGES_PER_S: Final = 250
"""From one member: 100 packets and some messages, and as much again after the network held them up."""

MAX_WAITING: Final = 500
"""A second of the shortest packets, and some text."""

SLICE_S: Final = 0.005
"""What comes due so soon after another goes with it: one timer, not one for each packet."""

ALL_PER_S: Final = 3_000.0
"""Of all visitors together, in and out: about a tenth of a processor. Thirty people talk so much."""

Later = Callable[[float, Callable[[], None]], object]
"""Calls a function so many seconds from now, as loop.call_later does."""

_YOU: Final = 1
_ECHO: Final = 2


class EchoRoom(Room):
    """One member, alone with `Echo`, who says everything again one second later; nothing is decoded.

    `everybody` bounds what all rooms of this kind take together. Beyond it, and beyond MAX_WAITING, the echo has gaps.
    """

    def __init__(self, call_later: Later, everybody: Bucket | None = None) -> None:
        super().__init__(ECHO_ROOM, call_later=call_later)
        self._call_later = call_later
        self._everybody = everybody or Bucket(ALL_PER_S, ALL_PER_S)
        self._waiting: deque[tuple[float, Callable[[], None]]] = deque()
        self._present = False

    @property
    def size(self) -> int:
        return int(self._present)

    def join(self, member: Member) -> list[messages.Member]:
        member.talker_id = _YOU
        self._present = True
        return [{**describe(member), "talker_id": _ECHO, "name": "Echo"}]

    def take_over(self, member: Member, before: Member) -> list[messages.Member]:
        return self.join(member)

    def member(self, talker_id: int) -> Member:
        raise ControlError("nobody here but you and your echo", code="no-member", close_code=None)

    def leave(self, member: Member) -> None:
        self._present = False
        self._waiting.clear()

    def tell(self, members: Sequence[Member], message: FromRelay, about: Hashable = None) -> None:
        """Whoever is here gets everything from `tell_others`."""

    def tell_floor(self) -> None:
        """Nobody else is here to take it."""

    def fan_out(self, packet: bytes, talker: Member) -> None:
        self._echo(lambda: talker.send_packet(stamp(packet, _ECHO)))

    def tell_others(self, message: FromRelay, sender: Member, about: Hashable = None) -> None:
        echo = cast(FromRelay, {**message, "talker_id": _ECHO})
        self._echo(lambda: sender.send_control(echo))

    def _echo(self, say: Callable[[], None]) -> None:
        now = monotonic()
        if len(self._waiting) >= MAX_WAITING or self._everybody.overflows(now):
            return
        self._waiting.append((now + ECHO_DELAY_S, say))
        if len(self._waiting) == 1:
            self._call_later(ECHO_DELAY_S, self._say_what_is_due)

    def _say_what_is_due(self) -> None:
        due = monotonic() + SLICE_S / 2
        while self._waiting and self._waiting[0][0] <= due:
            self._waiting.popleft()[1]()
        if self._waiting:
            self._call_later(max(SLICE_S, self._waiting[0][0] - monotonic()), self._say_what_is_due)
