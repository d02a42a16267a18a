"""A talker inside the relay: a member without a connection, who says one sound at its own pace, and
leaves."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic, monotonic_ns
from typing import Final

from streamer.audio_format import DURATION_UNIT_SAMPLES, SAMPLE_RATE
from streamer.relay.access.invites import Right
from streamer.relay.access.tokens import Scope
from streamer.relay.rooms.bars import Device
from streamer.relay.rooms.rights import Voice
from streamer.relay.rooms.room import Room
from streamer.sounds import Piece, Sound
from streamer.websocket.sink import Flusher, Sink
from streamer.wire.messages import FromRelay, MemberClock, Role
from streamer.wire.packet import TALKSPURT_START, Packet

READ_FIRST: Final = 4
"""Pieces: 40 ms or more, which takes half a millisecond to encode, before the first one is said."""

READ_AT_ONCE: Final = 25
"""Pieces: a quarter to half a second, which takes some ms to encode while what was read before is said."""

LATE_S: Final = 0.2
"""Whatever held the relay up for longer, the sound waits for it; nobody hears a second of it at once."""

TAIL_S: Final = 0.5
"""From the last packet to leaving: what waits in a listener's jitter buffer goes with its talker."""

ASK_AGAIN_S: Final = 1.0
"""For the floor, where one talks at a time."""


class Announcer:
    """`right` and `scopes` are of the token that it speaks for."""

    def __init__(
        self, name: str, right: Right, scopes: frozenset[Scope], token_id: str, flusher: Flusher
    ) -> None:
        self.talker_id = 0
        self.name = name
        self.muted = self.away = self.hand = self.listening = False
        self.hand_us = 0
        self.role: Role = "talk"
        self.turn: object | None = None
        self.voice = Voice.HEARD
        self.voiced_us = 0
        self.last_clock: MemberClock | None = None
        self.right = right
        self.scopes = scopes
        self.token_id = token_id
        self.term = 0
        self.is_listener = False
        self.device = Device(f"token {token_id}", name)
        self.sink = Sink(flusher)
        self.on_sent_away: Callable[[], None] = lambda: None
        self._seq = 0
        self._position = 0
        self._asked_at = 0.0

    def send_packet(self, packet: bytes) -> None:
        """It hears nothing."""

    def send_control(self, message: FromRelay) -> None:
        """It reads nothing; who commands it gets no answer."""

    def send_away(self, close_code: int, reason: str) -> None:
        self.on_sent_away()

    async def say(self, room: Room, sound: Sound, first: Sequence[Piece]) -> None:
        """All of `sound`, to the others in `room`, which it has joined; its `first` pieces are read
        already."""
        loop = asyncio.get_running_loop()
        count, pieces = READ_FIRST, deque(first)
        begun = loop.time()
        while pieces:
            count = min(2 * count, READ_AT_ONCE)
            following = _reading(sound, count)
            while pieces:
                due = begun + self._position / SAMPLE_RATE
                if due > loop.time():
                    await asyncio.sleep(due - loop.time())
                begun += max(0.0, loop.time() - due - LATE_S)
                self._say_piece(room, pieces.popleft())
            pieces = deque(await following)
        await asyncio.sleep(TAIL_S)

    def _say_piece(self, room: Room, piece: Piece) -> None:
        """What may not be heard now is left out, as that of any member."""
        if self.voice is not Voice.HEARD:
            self._ask_for_floor(room)
        packet = Packet(
            seq=self._seq,
            timestamp=self._position % 2**32,
            payload=piece.payload,
            talker_id=self.talker_id,
            level=piece.level,
            voice=piece.voice,
            flags=0 if self._position else TALKSPURT_START,
            duration=piece.duration,
        )
        self._seq = (self._seq + 1) % 2**16
        self._position += piece.duration * DURATION_UNIT_SAMPLES
        if self.voice is Voice.HEARD:
            room.fan_out(packet.serialize(), self)
            self.voiced_us = monotonic_ns() // 1_000 if piece.voice else self.voiced_us

    def _ask_for_floor(self, room: Room) -> None:
        now = monotonic()
        if now - self._asked_at < ASK_AGAIN_S:
            return
        self._asked_at = now
        if room.floor.request(self.talker_id, now, is_host=self.right is Right.HOST):
            room.tell_floor()


def _reading(sound: Sound, count: int) -> asyncio.Future[list[Piece]]:
    """In a thread. Who is cancelled does not wait for it: then nobody asks how it ended."""
    reading = asyncio.get_running_loop().run_in_executor(None, sound.read, count)
    reading.add_done_callback(lambda done: done.cancelled() or done.exception())
    return reading
