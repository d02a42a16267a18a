"""What members of a room tell each other about time: when we speak, and how old it is what we hear.

`DelayMonitor` keeps the relay's clock from pongs, makes our `clock` messages, and feeds every talker's
mouth-to-ear figure. Its times are in seconds of perf_counter(); on the wire they are µs. Twin of
web/worker/delay/delay_monitor.js.
"""

from typing import Final

from streamer.audio_format import SAMPLE_RATE
from streamer.client.delay.capture_times import CaptureTimes
from streamer.client.delay.mouth_to_ear import UNKNOWN_US
from streamer.client.delay.relay_clock import RelayClock
from streamer.client.ears import Ears
from streamer.wire.messages import MemberClock, OwnClock, Ping, Pong

CLOCK_SAMPLES: Final = SAMPLE_RATE // 2
"""Counted in samples, not in time: the first packet after a stall is not to be told of more often than
others."""


class DelayMonitor:
    def __init__(self, ears: Ears) -> None:
        self._ears = ears
        self.captures = CaptureTimes()
        self.restart()

    def restart(self) -> None:
        """Another connection: the clock may be another relay's."""
        self.clock = RelayClock()
        self.captures.forget_all()
        self.tell_soon()

    def tell_soon(self) -> None:
        """What is sent from now on comes from another microphone: the next `clock_message` is due at once."""
        self._told: int | None = None

    def ping(self, now: float) -> Ping:
        return {"type": "ping", "t0": to_us(now)}

    def on_pong(self, message: Pong, now: float) -> None:
        jumps = self.clock.jumps
        self.clock.pong(message["t0"], message["t1"], message["t2"], to_us(now))
        if self.clock.jumps > jumps:
            self.captures.forget_all()
            for receiver in self._ears.receivers():
                receiver.mouth_to_ear.forget()

    def on_clock(self, message: MemberClock, now: float) -> None:
        """A talker told when what he says entered his microphone."""
        heard_us = to_us(now)
        relay_us, error_us = self.clock.relay_us(heard_us), self.clock.error_us(heard_us)
        if relay_us is None or error_us is None:
            return
        self.captures.on_clock(message, relay_us - heard_us, error_us)
        for receiver in self._ears.receivers_of(message["talker_id"]):
            receiver.mouth_to_ear.on_clock(message, heard_us, relay_us - heard_us, error_us)

    def clock_message(
        self, position: int, captured_s: float, latency_s: float | None, now: float
    ) -> OwnClock | None:
        """What to tell right behind the packet of sample `position`; None where it isn't time, or time isn't
        known.

        The sample entered the microphone at `captured_s`, and the device says that it took `latency_s` to
        come here.
        """
        captured_us, sent_us = self.clock.relay_us(to_us(captured_s)), self.clock.relay_us(to_us(now))
        error_us = self.clock.error_us(to_us(now))
        is_due = self._told is None or position - self._told >= CLOCK_SAMPLES
        if captured_us is None or sent_us is None or error_us is None or not is_due:
            return None
        self._told = position
        return {
            "type": "clock",
            "timestamp": position % 2**32,
            "server_us": captured_us,
            "device_us": UNKNOWN_US if latency_s is None else to_us(latency_s),
            "sent_us": sent_us,
            "error_us": error_us,
        }


def to_us(seconds: float) -> int:
    return round(seconds * 1_000_000)
