"""What members of a room tell each other about time: when we speak, and how old it is what we hear.

`Timing` keeps the relay's clock from pongs, makes our `clock` messages, and feeds every talker's mouth-to-ear figure.
Its times are in seconds of perf_counter(); on the wire they are µs.
"""

from typing import Final

from streamer.audio_format import SAMPLE_RATE
from streamer.client.audio.microphone import Source
from streamer.client.delay.mouth_to_ear import UNKNOWN_US, Figure
from streamer.client.delay.relay_clock import RelayClock
from streamer.client.members import Roster
from streamer.wire.messages import MemberClock, OwnClock, Ping, Pong

CLOCK_SAMPLES: Final = SAMPLE_RATE // 2
"""Counted in samples, not in time: the first packet after a stall is not to be told of more often than others."""


class Timing:
    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self.restart()

    def restart(self) -> None:
        """Another connection: the clock may be another relay's."""
        self._told_position = -CLOCK_SAMPLES
        self.clock = RelayClock()

    def ping(self, now: float) -> Ping:
        return {"type": "ping", "t0": to_us(now)}

    def on_pong(self, message: Pong, now: float) -> None:
        jumps = self.clock.jumps
        self.clock.pong(message["t0"], message["t1"], message["t2"], to_us(now))
        if self.clock.jumps > jumps:
            for member in self._roster.members:
                member.mouth_to_ear.forget()

    def on_clock(self, message: MemberClock, now: float) -> None:
        """A talker told when what he says entered his microphone."""
        heard_us = to_us(now)
        relay_us, error_us = self.clock.relay_us(heard_us), self.clock.error_us(heard_us)
        member = self._roster.member(message["talker_id"])
        if member and relay_us is not None and error_us is not None:
            member.mouth_to_ear.told(message, heard_us, relay_us - heard_us, error_us)

    def clock_message(self, source: Source, position: int, now: float) -> OwnClock | None:
        """What to tell right behind the packet of sample `position`; None where it isn't time, or time isn't known."""
        captured_us, sent_us = self.clock.relay_us(to_us(source.captured_at(position))), self.clock.relay_us(to_us(now))
        error_us = self.clock.error_us(to_us(now))
        if captured_us is None or sent_us is None or error_us is None or position - self._told_position < CLOCK_SAMPLES:
            return None
        self._told_position = position
        return {
            "type": "clock",
            "timestamp": position % 2**32,
            "server_us": captured_us,
            "device_us": UNKNOWN_US if source.latency_s is None else to_us(source.latency_s),
            "sent_us": sent_us,
            "error_us": error_us,
        }

    def look(self, output_s: float | None) -> None:
        """Note what plays now of each talker; the loudspeaker takes `output_s` more, None where that's unknown."""
        for member in self._roster.members:
            member.note_playout(None if output_s is None else to_us(output_s))

    def figures(self, now: float) -> dict[str, Figure]:
        """By name."""
        return {member.name: member.mouth_to_ear.figure(to_us(now)) for member in self._roster.members}


def to_us(seconds: float) -> int:
    return round(seconds * 1_000_000)
