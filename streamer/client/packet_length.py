"""How long the packets of a talker last: what was chosen, or longer where that is not carried or saves
nothing.

Twin of web/worker/sending/packet_length.js; tests/vectors/packet_length.json keeps both equal. The plan:
  HTTP     batches of packets go one after the other there, so shorter packets would only wait for each other;
  network  a packet was dropped on its way to the relay, the relay asked for longer ones, or pings come back
           late: then packets of 10 ms for HOLD_MS, and for twice as long each time that it happens again;
  room     what a relay has to deliver grows with the square of the room: each length has a largest room;
  source   what hands the sound over in pieces of 10 ms would send shorter packets in pairs.
Packets of 10 ms and more are never changed: whoever chose 20 ms had a reason. Lengths are in 2.5 ms, as in a
packet's header, and times in ms of any clock that does not go back.
"""

from collections import deque
from typing import Final, Literal

from streamer.audio_format import FRAME_DURATION

Why = Literal["", "http", "network", "room", "source"]
"""What keeps packets from being as short as they were chosen; empty where nothing does."""

STANDARD: Final = FRAME_DURATION

SHORTER: Final = (1, 2)
"""2.5 and 5 ms."""

MOST_MEMBERS: Final = {1: 20, 2: 40}
"""Of a room, with us, by the length: the six loudest and two more then need half of the 120,000 deliveries a
second that a relay gives a room by default, as they do with packets of 10 ms in a room of 80."""

HOLD_MS: Final = 30_000.0
"""As long as listeners' buffers remember a bad moment: before that, shorter packets would not be played
earlier."""

LONGEST_HOLD_MS: Final = 240_000.0
CALM_MS: Final = 300_000.0
"""After so long without trouble the next one counts as the first."""

LATE_US: Final = 20_000
"""Of a round trip beyond the fastest: twice a packet of 10 ms. Listeners wait longer than shorter packets
save then."""

STALL_MS: Final = 1_000.0
"""Late pings that are no farther apart tell of one stall, as every Wi-Fi has them."""

LOOK_BACK_MS: Final = 8_000.0
"""Two stalls within that are a network that is late."""

LOOKED_AT: Final = 16
"""Pings, the fastest of which the others are compared with: four to sixteen seconds."""


class PacketLength:
    """Tell it what happens; `look` then says how long packets last."""

    def __init__(self) -> None:
        self.wanted = STANDARD
        self.units = STANDARD
        self.why: Why = ""
        self._round_trips: deque[int] = deque(maxlen=LOOKED_AT)
        self._late_ms = float("-inf")
        self._hold_ms = HOLD_MS
        self._held_until_ms = float("-inf")

    def want(self, units: int) -> None:
        """Somebody has chosen: that is tried at once, whatever was before."""
        self.wanted = units
        self._held_until_ms = float("-inf")

    def note_trouble(self, now_ms: float) -> None:
        """A packet did not reach the relay in time, or the relay asked for longer ones."""
        if self.wanted not in SHORTER or now_ms < self._held_until_ms:
            return
        if now_ms > self._held_until_ms + CALM_MS:
            self._hold_ms = HOLD_MS
        self._held_until_ms = now_ms + self._hold_ms
        self._hold_ms = min(2 * self._hold_ms, LONGEST_HOLD_MS)

    def note_round_trip(self, now_ms: float, round_trip_us: int) -> None:
        """A ping came back."""
        self._round_trips.append(round_trip_us)
        since_ms = now_ms - self._late_ms
        if round_trip_us - min(self._round_trips) <= LATE_US or since_ms <= STALL_MS:
            return
        self._late_ms = now_ms
        if since_ms <= LOOK_BACK_MS:
            self.note_trouble(now_ms)

    def look(self, now_ms: float, members: int, least: int, *, over_http: bool) -> int:
        """`members` with us; `least` is how long the pieces of the source are. Sets `units` and `why`."""
        self.units, self.why = self.wanted, ""
        if self.wanted not in SHORTER:
            return self.units
        if over_http:
            self.units, self.why = STANDARD, "http"
        elif now_ms < self._held_until_ms:
            self.units, self.why = STANDARD, "network"
        else:
            while members > MOST_MEMBERS.get(self.units, members):
                self.units, self.why = 2 * self.units, "room"
            if self.units < least:
                self.units, self.why = least, "source"
        return self.units
