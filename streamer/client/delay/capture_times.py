"""When each talker captured a sample, told by his `clock` messages, for who keeps packets instead of playing
them.

Each message says when one sample entered the microphone, give or take what the clocks on its way may be wrong
by. Of what was told, the best is kept: a newer one takes its place when it is as good as the other has become
by its age. Times are µs of our own clock.
"""

from dataclasses import dataclass
from typing import Final

from streamer.wire.messages import MemberClock
from streamer.wire.packet import samples_ahead

_WANDER: Final = 200e-6
"""What the talker's sound card and our clock may drift apart in a second, in seconds: 100 ppm each."""

_JUMP_US: Final = 20_000
"""Beyond all that clocks may be wrong by: the line of time was broken, by sleep or by another microphone."""

_US_PER_SAMPLE: Final = 1e6 / 48_000


@dataclass(frozen=True, slots=True)
class _Told:
    timestamp: int
    captured_us: float
    error_us: float

    def captured_of(self, timestamp: int) -> float:
        ahead = samples_ahead(timestamp, self.timestamp)
        return self.captured_us + ahead * _US_PER_SAMPLE


class CaptureTimes:
    """Of all talkers in a room."""

    def __init__(self) -> None:
        self._told: dict[int, _Told] = {}

    def on_clock(self, message: MemberClock, ahead_us: float, error_us: float) -> None:
        """The relay's clock is ahead of ours by `ahead_us`, give or take `error_us`."""
        talker_id = message["talker_id"]
        captured_us = message["server_us"] - ahead_us
        new = _Told(message["timestamp"], captured_us, abs(message["error_us"]) + error_us)
        best = self._told.get(talker_id)
        if best:
            age_us = abs(captured_us - best.captured_us)
            apart_us = abs(best.captured_of(new.timestamp) - captured_us)
            aged_us = best.error_us + age_us * _WANDER
            if new.error_us > aged_us and apart_us < aged_us + new.error_us + _JUMP_US:
                return
        self._told[talker_id] = new

    def captured_s(self, talker_id: int, timestamp: int) -> float | None:
        """The same in s."""
        captured_us = self.captured_us(talker_id, timestamp)
        return None if captured_us is None else captured_us / 1e6

    def captured_us(self, talker_id: int, timestamp: int) -> float | None:
        """When the sample `timestamp` entered the microphone; None while that is not known."""
        told = self._told.get(talker_id)
        return None if told is None else told.captured_of(timestamp)

    def forget_all(self) -> None:
        """The relay's clock may be another one."""
        self._told.clear()
