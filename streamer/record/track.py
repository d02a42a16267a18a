"""Where each packet of one talker belongs in its file, so that all files of a recording are on one clock.

Positions are samples at 48 kHz since the recording began. The plan:
  hold    a packet waits for HOLD: what overtook it comes to its place, and the talker's `clock` message,
          which follows the first packet of a talkspurt, says when it was captured;
  join    what continues the packet before is put behind it, whatever the clocks say: no sound is stretched or
          cut;
  place   behind a gap, the packet goes where its capture time says, to 2.5 ms, the shortest silence there is;
          so the drift of the talker's clock is corrected in gaps alone;
  fill    the gap is coded silence; a silent file follows with SILENCE_LAG, in which a slow network still
          delivers.
The first packet is exact to the sample: what 2.5 ms are too coarse for is taken off the beginning (RFC 7845,
pre-skip). A talker's clock is believed only as far as the time of arrival lets it be true.
"""

from bisect import insort
from collections.abc import Callable
from typing import Final, NamedTuple

from streamer.audio_format import CHANNELS, DURATION_UNIT_SAMPLES, SAMPLE_RATE, STEREO
from streamer.ogg.opus import OpusWriter
from streamer.ogg.opus_packets import is_stereo, samples_of
from streamer.wire.packet import ENCRYPTED, Packet

HOLD: Final = SAMPLE_RATE // 5
"""In samples: longer than packets overtake each other; with a page of half a second a crash loses less than 1
s."""

SILENCE_LAG: Final = 10 * SAMPLE_RATE
"""A relay gives up a connection that stands still for so long. Silence that was not written is no loss."""

AHEAD: Final = SAMPLE_RATE
"""A talker who sends faster than time passes is cut off there; a fast quartz takes hours for it, and has
gaps."""

EARLY: Final = SAMPLE_RATE // 20
"""Nothing is captured after it arrived; the clocks may be wrong by so much."""

LOOK_AHEAD: Final = 120
"""A sound leaves the decoder so many samples behind its timestamp (PROTOCOL.md, Mouth to ear)."""

MAX_HELD: Final = 2_048
"""Packets, in HOLD: more than a relay lets a talker send at once."""

_LATEST: Final = SAMPLE_RATE
"""What is further behind is no late packet, but another line of time, as of a new microphone."""

_DRIFT: Final = 200e-6
"""Two quartzes, 100 ppm each: as fast as the earliest arrival may have become out of date."""

Captured = Callable[[int, int], float | None]
"""The position at which a talker_id captured a timestamp; None while that is not known."""


class _Held(NamedTuple):
    """`line` counts the lines of time of the talker: within one, `seq` and `timestamp` go on without end."""

    line: int
    seq: int
    timestamp: int
    arrived: int
    talker_id: int
    packet: Packet


class Track:
    """One talker. Each method takes the time as a position; `captured` is asked when packets are placed."""

    def __init__(self, serial: int, tags: dict[str, str], captured: Captured) -> None:
        self._serial = serial
        self._tags = tags
        self._captured = captured
        self._held: list[_Held] = []
        self._newest: _Held | None = None
        self._placed: _Held | None = None
        self._lines = 0
        self._earliest: tuple[float, int] | None = None
        """The least that arrival was ahead of the timestamp, in the newest line, and when."""
        self._writer: OpusWriter | None = None
        self._phase = 0
        self.packets = self.lost = self.late = self.unreadable = self.too_fast = 0

    @property
    def channels(self) -> int:
        return self._writer.channels if self._writer else 0

    @property
    def length(self) -> int:
        """Up to where it is written."""
        return self._writer.samples - self._writer.pre_skip if self._writer else 0

    def push(self, packet: Packet, talker_id: int, arrived: int) -> None:
        """A packet that came at `arrived`. What is no Opus, or can't be read, is counted and left out."""
        if packet.flags & ENCRYPTED or samples_of(packet.payload) != packet.duration_samples:
            self.unreadable += 1
            return
        if len(self._held) >= MAX_HELD:
            self.too_fast += 1
            return
        held = self._follow(packet, talker_id, arrived)
        key = held[:2]
        is_known = any(other[:2] == key for other in reversed(self._held))
        if is_known or (self._placed and key <= self._placed[:2]):
            self.late += 1
            return
        insort(self._held, held, key=lambda each: each[:2])

    def place(self, now: int) -> None:
        """Put what has waited long enough into the file."""
        while self._held and self._held[0].arrived <= now - HOLD:
            self._put(self._held.pop(0), now)
        if not self._held and self._writer:
            silent = now - SILENCE_LAG + self._phase - self._writer.samples
            self._writer.add_silence(max(0, silent - silent % (8 * DURATION_UNIT_SAMPLES)))

    def take(self) -> bytes:
        """What is to be appended to the file; the last packet waits for the next."""
        return self._writer.take_pages() if self._writer else b""

    def header(self) -> bytes:
        """The file's beginning. It changes, but for its length, when `channels` does."""
        return self._writer.header() if self._writer else b""

    def head_page(self) -> bytes:
        return self._writer.head_page() if self._writer else b""

    def finish(self, now: int) -> None:
        """Nothing more comes: place all that is held."""
        while self._held:
            self._put(self._held.pop(0), now)

    def end(self, length: int) -> bytes:
        """The rest, so that the file plays for exactly `length` samples, or as long as it is already."""
        if self._writer is None:
            return b""
        wanted = max(length, self.length) + self._writer.pre_skip
        missing = max(0, wanted - self._writer.samples)
        self._writer.add_silence(-(-missing // DURATION_UNIT_SAMPLES) * DURATION_UNIT_SAMPLES)
        return self._writer.end(wanted)

    def _follow(self, packet: Packet, talker_id: int, arrived: int) -> _Held:
        """Where the packet is in its line of time; a new line begins where it fits in none."""
        newest = self._newest
        if newest is None or newest.talker_id != talker_id:
            return self._begin_line(packet, talker_id, arrived)
        ahead = _signed(packet.seq - newest.packet.seq, 16)
        later = _signed(packet.timestamp - newest.packet.timestamp, 32)
        if later < -_LATEST or (ahead > 0) != (later > 0) or (ahead < 0) != (later < 0):
            return self._begin_line(packet, talker_id, arrived)
        held = _Held(newest.line, newest.seq + ahead, newest.timestamp + later, arrived, talker_id, packet)
        self._note_arrival(held)
        if ahead > 0:
            self._newest = held
        return held

    def _begin_line(self, packet: Packet, talker_id: int, arrived: int) -> _Held:
        self._lines += 1
        self._earliest = None
        self._newest = held = _Held(self._lines, packet.seq, packet.timestamp, arrived, talker_id, packet)
        self._note_arrival(held)
        return held

    def _note_arrival(self, held: _Held) -> None:
        ahead = float(held.arrived - held.timestamp)
        if self._earliest:
            least, since = self._earliest
            ahead = min(ahead, least + (held.arrived - since) * _DRIFT)
        self._earliest = ahead, held.arrived

    def _put(self, held: _Held, now: int) -> None:
        before, writer = self._placed, self._writer
        is_same_line = before is not None and before.line == held.line
        if writer is None:
            writer = self._begin(held)
        elif not (
            before and is_same_line and held.timestamp == before.timestamp + before.packet.duration_samples
        ):
            gap = (self._position(held) + self._phase - writer.samples) / DURATION_UNIT_SAMPLES
            writer.add_silence(max(0, round(gap)) * DURATION_UNIT_SAMPLES)
        if writer.samples - self._phase > now + AHEAD:
            self.too_fast += 1
            return
        if before and is_same_line:
            self.lost += held.seq - before.seq - 1
        if is_stereo(held.packet.payload):
            writer.channels = STEREO
        writer.add(held.packet.payload, held.packet.duration_samples)
        self.packets += 1
        self._placed = held

    def _begin(self, held: _Held) -> OpusWriter:
        position = max(0, self._position(held))
        self._phase = -position % DURATION_UNIT_SAMPLES
        channels = STEREO if is_stereo(held.packet.payload) else CHANNELS
        self._writer = OpusWriter(self._serial, LOOK_AHEAD + self._phase, self._tags, channels)
        self._writer.add_silence(position + self._phase)
        return self._writer

    def _position(self, held: _Held) -> int:
        """Where its first sample belongs."""
        told = self._captured(held.talker_id, held.packet.timestamp)
        if told is None or not held.arrived - SILENCE_LAG <= told <= held.arrived + EARLY:
            least = self._earliest[0] if self._earliest and self._is_newest_line(held) else None
            told = held.arrived if least is None else held.timestamp + least
        return round(max(held.arrived - SILENCE_LAG, min(told, held.arrived + EARLY)))

    def _is_newest_line(self, held: _Held) -> bool:
        return held.line == self._lines


def _signed(difference: int, bits: int) -> int:
    half = 1 << bits - 1
    return (difference + half) % (2 * half) - half
