"""How long our own packets last: asks the rules (`packet_length.py`) ten times a second, and tells what they
change."""

from collections.abc import Callable
from time import perf_counter
from typing import Final

from streamer.audio_format import DURATION_UNIT_SAMPLES, PACKET_MS, SAMPLE_RATE
from streamer.client.delay.relay_clock import RelayClock
from streamer.client.members import Roster
from streamer.client.packet_length import STANDARD, PacketLength, Why
from streamer.client.receiver import FLOOR_MS, MUSICIANS_FLOOR_MS
from streamer.client.room_session import RoomSession
from streamer.client.speech import Speech

LONGER_PACKETS: Final = "longer-packets"
"""The hint of a relay to a talker whose packets, shorter than 10 ms, were the first to go from a crowded
room."""

_MS_PER_UNIT: Final = 1000 * DURATION_UNIT_SAMPLES / SAMPLE_RATE
_REASONS: Final[dict[Why, str]] = {
    "http": "over plain HTTP shorter ones would wait for each other",
    "network": "the way to the relay does not carry shorter ones in time. They are tried again later",
    "room": "this room has too many people for shorter ones",
    "source": "what you talk into hands its sound over in pieces of that length",
}


class OwnPackets:
    """`on_change` gets words for people. Raises ValueError where no packet lasts `ms`."""

    def __init__(self, speech: Speech, session: RoomSession, roster: Roster, ms: float) -> None:
        self._speech = speech
        self._session = session
        self._roster = roster
        self.on_change: Callable[[str], None] = lambda words: None
        self._length = PacketLength()
        self._shed = 0
        self.want(ms)

    @property
    def ms(self) -> float:
        """How long they last now."""
        return self._length.units * _MS_PER_UNIT

    @property
    def floor_ms(self) -> float:
        """The least that jitter buffers wait here: less where somebody wants shorter packets than the
        standard."""
        return MUSICIANS_FLOOR_MS if self._length.wanted < STANDARD else FLOOR_MS

    def want(self, ms: float) -> None:
        """Raises ValueError for a length that nobody can choose."""
        if ms not in PACKET_MS:
            raise ValueError(f"a packet lasts 2.5, 5, 10 or 20 ms, not {ms:g} ms")
        self._length.want(round(ms / _MS_PER_UNIT))
        self._told: tuple[int, Why] = (self._length.wanted, "")

    def on_pong(self, clock: RelayClock, now: float) -> None:
        if clock.round_trip_us is not None:
            self._length.note_round_trip(now * 1000, clock.round_trip_us)

    def on_crowded(self, now: float) -> None:
        """The relay asks for longer ones."""
        self._length.note_trouble(now * 1000)

    def look(self, now: float) -> None:
        shed, over_http = self._session.shed, self._session.is_over_http
        if shed > self._shed:
            self._length.note_trouble(now * 1000)
        self._shed = shed
        least = self._speech.least_samples // DURATION_UNIT_SAMPLES
        members = len(self._roster.members) + 1
        units = self._length.look(now * 1000, members, least, over_http=over_http)
        self._speech.packet_samples = units * DURATION_UNIT_SAMPLES
        told = (units, self._length.why)
        if told != self._told:
            self._told = told
            self.on_change(self._describe())

    def _describe(self) -> str:
        if not self._length.why:
            return f"Your packets last {self.ms:g} ms again"
        return f"Your packets last {self.ms:g} ms: {_REASONS[self._length.why]}"


class WithPackets:
    """The methods of `Room` that are about our own packets."""

    _own_packets: OwnPackets
    _speech: Speech

    @property
    def packet_ms(self) -> float:
        """How long our packets last now, in ms. It may be set to 2.5, 5, 10 or 20 at any time.

        Shorter packets are heard sooner, by as much as they are shorter; each costs as much as a long one on
        its way. Where they are not carried in time, or save nothing, they last longer for a while, which an
        event `Trouble` tells. Raises ValueError for another length.
        """
        return self._own_packets.ms

    @packet_ms.setter
    def packet_ms(self, ms: float) -> None:
        self._own_packets.want(ms)
        self._own_packets.look(perf_counter())

    def send_packet(
        self, payload: bytes, *, duration_ms: float = 10.0, level: int = 30, voice: bool = True
    ) -> None:
        """Sends one Opus payload (RFC 6716, 48 kHz) now; the caller keeps the pace. `level` is in −dBov (RFC
        6464).

        Raises ValueError where Opus has no such payload or duration, StreamerError where the room was joined
        only to listen.
        """
        self._speech.send_packet(payload, duration_ms, level, voice=voice)
