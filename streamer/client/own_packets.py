"""How long our own packets last: asks the rules (`packet_length.py`) ten times a second, and tells what they change."""

from collections.abc import Callable
from typing import Final

from streamer.audio_format import DURATION_UNIT_SAMPLES, PACKET_MS, SAMPLE_RATE
from streamer.client.delay.relay_clock import RelayClock
from streamer.client.members import Roster
from streamer.client.packet_length import PacketLength, Why
from streamer.client.speech import Speech
from streamer.client.stay import Stay

LONGER_PACKETS: Final = "longer-packets"
"""The hint of a relay to a talker whose packets, shorter than 10 ms, were the first to go from a crowded room."""

_MS_PER_UNIT: Final = 1000 * DURATION_UNIT_SAMPLES / SAMPLE_RATE
_REASONS: Final[dict[Why, str]] = {
    "http": "over plain HTTP shorter ones would wait for each other",
    "network": "the way to the relay does not carry shorter ones in time. They are tried again later",
    "room": "this room has too many people for shorter ones",
    "source": "what you talk into hands its sound over in pieces of that length",
}


class OwnPackets:
    """`tell` gets words for people."""

    def __init__(self, speech: Speech, stay: Stay, roster: Roster, tell: Callable[[str], None]) -> None:
        self._speech = speech
        self._stay = stay
        self._roster = roster
        self._tell = tell
        self._length = PacketLength()
        self._told: tuple[int, Why] = (self._length.units, "")
        self._shed = 0

    @property
    def ms(self) -> float:
        """How long they last now."""
        return self._length.units * _MS_PER_UNIT

    @property
    def wanted_ms(self) -> float:
        return self._length.wanted * _MS_PER_UNIT

    def want(self, ms: float) -> None:
        """Raises ValueError for a length that nobody can choose."""
        if ms not in PACKET_MS:
            raise ValueError(f"a packet lasts 2.5, 5, 10 or 20 ms, not {ms:g} ms")
        self._length.want(round(ms / _MS_PER_UNIT))
        self._told = (self._length.wanted, "")

    def on_pong(self, clock: RelayClock, now: float) -> None:
        if clock.round_trip_us is not None:
            self._length.note_round_trip(now * 1000, clock.round_trip_us)

    def on_crowded(self, now: float) -> None:
        """The relay asks for longer ones."""
        self._length.note_trouble(now * 1000)

    def look(self, now: float) -> None:
        shed, over_http = self._stay.shed, self._stay.is_over_http
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
            self._tell(self._describe())

    def _describe(self) -> str:
        if not self._length.why:
            return f"Your packets last {self.ms:g} ms again"
        return f"Your packets last {self.ms:g} ms: {_REASONS[self._length.why]}"
