"""The built-in room where one person with one phone can try everything.

It asks for no invite, so what one visitor costs is bounded: how much waits for its second, and how fast it
comes.
"""

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final, cast

from streamer.audio_format import FRAME_DURATION
from streamer.relay.access.rate_limit import LeakyBucket
from streamer.relay.rooms.member import Member, describe
from streamer.relay.rooms.post import Later
from streamer.relay.rooms.shared_room import SharedRoom
from streamer.wire import messages
from streamer.wire.messages import FromRelay
from streamer.wire.packet import stamp
from streamer.wire.room_link import ECHO_ROOM

ECHO_DELAY_S: Final = 1.0
"""Long enough to finish a word before it comes back, short enough to know what one said."""

MESSAGES_PER_S: Final = 500
"""From one member: 400 of the shortest packets and some messages."""

MAX_WAITING: Final = 500
"""A second of the shortest packets, and some text."""

SLICE_S: Final = 0.005
"""What comes due so soon after another goes with it: one timer, not one for each packet."""

ALL_PER_S: Final = 3_000.0
"""Of all visitors together, in and out: about a tenth of a processor. Thirty people talk so much.

Beyond half of what may wait of that, packets shorter than 10 ms are left out: whoever tries those takes
nobody's echo.
"""

_DURATION_AT: Final = 7
"""The byte of a packet that says how long it lasts."""

REPEATED: Final = ("state", "clock", "chat")
"""What a member says of itself, and the echo says again as its own."""

_ECHO: Final = 2
"""The first member of a room gets 1, and nobody else ever comes."""


class EchoRoom(SharedRoom):
    """One member, alone with `Echo`: an observer that is shown as a member.

    `everybody` bounds what all rooms of this kind take together. Beyond it, and beyond MAX_WAITING, the echo
    has gaps.
    """

    def __init__(self, call_later: Later, everybody: LeakyBucket | None = None) -> None:
        super().__init__(ECHO_ROOM, call_later=call_later)
        self._call_later = call_later
        self._everybody = everybody or LeakyBucket(ALL_PER_S, ALL_PER_S)
        self._echo: Echo | None = None

    def leave(self, member: Member) -> None:
        if self._echo:
            self.discard_observer(self._echo)
            self._echo.stop()
        super().leave(member)

    def _enter(self, member: Member) -> None:
        super()._enter(member)
        self._echo = Echo(member, self._call_later, self._everybody)
        self.add_observer(self._echo)

    def _described_others(self, member: Member) -> list[messages.Member]:
        return [{**describe(member), "talker_id": _ECHO, "name": "Echo"}]


class Echo:
    """Says everything of one member again, one second later, to that member; nothing is decoded."""

    def __init__(self, member: Member, call_later: Later, everybody: LeakyBucket) -> None:
        self._member = member
        self._call_later = call_later
        self._everybody = everybody
        self._waiting: deque[tuple[float, Callable[[], None]]] = deque()

    def push(self, packet: bytes, now_us: int, /) -> None:
        if packet[_DURATION_AT] < FRAME_DURATION and self._everybody.is_half_full(monotonic()):
            return
        self._repeat(lambda: self._member.send_packet(stamp(packet, _ECHO)))

    def push_message(self, message: FromRelay, /) -> None:
        if message["type"] in REPEATED:
            echo = cast(FromRelay, {**message, "talker_id": _ECHO})
            self._repeat(lambda: self._member.send_control(echo))

    def stop(self) -> None:
        self._waiting.clear()

    def _repeat(self, say: Callable[[], None]) -> None:
        now = monotonic()
        if len(self._waiting) >= MAX_WAITING or not self._everybody.try_take(now):
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
