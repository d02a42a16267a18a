"""How long one talker's voice takes from his mouth to this ear, now and over the last half minute.

Twin of web/worker/delay/mouth_to_ear.js. All times are µs of our own clock, except those in `clock` messages.
What is known, and how:
  clock    a `clock` message: when a sample entered the microphone, and when this message, sent right behind
           the packet that begins with it, left the talker, reached the relay, left the relay and reached us;
  packet   when each packet came;
  playout  which sample left the jitter buffer at a moment, and how much longer it takes to the loudspeaker.

So the whole is played − captured, exact except for the two clock errors, whatever happened in between, and
its parts are:
  capture  from the microphone to the talker's program: reported by his device
  encode   until his packet was sent: measured; and the look-ahead of the codec, which is known
  up       until the relay had it; relay: until the relay handed it on; down: until we had it: measured
  buffer   until its first sample left the jitter buffer: measured
  output   until it sounds: reported by our device
A part that nobody knows is unknown, not zero, and then the whole is only a lower bound (`complete` is False).
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from streamer.client.delay.sliding_window import Quantiles, SlidingWindow
from streamer.wire.packet import samples_ahead

Part = Literal["capture", "encode", "up", "relay", "down", "buffer", "output"]
Status = Literal["measured", "reported", "unknown"]

PARTS: Final[tuple[Part, ...]] = ("capture", "encode", "up", "relay", "down", "buffer", "output")
UNKNOWN_US: Final = -1
"""In `device_us`: the device doesn't say."""

LOOK_AHEAD_US: Final = 2_500
"""Of Opus with restricted low delay: a sound comes out of the decoder so much behind its timestamp."""

_RELAY_TIMES: Final = ("server_us", "sent_us", "received_us", "relayed_us")
_REPORTED: Final[frozenset[Part]] = frozenset({"capture", "output"})
_US_PER_SAMPLE: Final = 1e6 / 48_000
_LONGEST_PACKET_SAMPLES: Final = 2_880
"""60 ms: the longest frame of Opus."""

_ARRIVALS: Final = 256
"""Packets whose arrival is remembered: at least 0.6 s, and a `clock` comes every 0.5 s."""

_CLOCK_LASTS_US: Final = 10_000_000
"""A talker's clock is not trusted for longer: it may have slept meanwhile."""

_FIGURE_LASTS_US: Final = 3_000_000
"""What is older is not shown: the talker has stopped, or the packets have."""

_LONGEST_US: Final = 10_000_000
"""No voice is that late: such a figure comes from a clock that jumped."""

_JUMP_US: Final = 100_000
"""A microphone's line of time that moves by so much between two messages has been broken: by sleep, or a new
device."""


@dataclass(frozen=True, slots=True)
class PartFigure:
    status: Status
    ms: Quantiles | None


@dataclass(frozen=True, slots=True)
class Figure:
    """`total_ms` is None where nothing is known; `error_ms` is how far it can be off, what devices report
    aside."""

    total_ms: Quantiles | None
    complete: bool
    error_ms: float | None
    parts: Mapping[Part, PartFigure]

    def to_json(self) -> dict[str, Any]:
        """For programs: unknown values are null."""
        return {
            "total_ms": self.total_ms and self.total_ms._asdict(),
            "complete": self.complete,
            "error_ms": self.error_ms,
            "parts": {
                part: {"status": figure.status, "ms": figure.ms and figure.ms._asdict()}
                for part, figure in self.parts.items()
            },
        }


class MouthToEar:
    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """A clock jumped: forget everything."""
        self._clock: Mapping[str, Any] | None = None
        self._error_us = 0
        self._arrivals: deque[tuple[int, int]] = deque(maxlen=_ARRIVALS)
        self._total = SlidingWindow()
        self._parts: dict[Part, SlidingWindow] = {part: SlidingWindow() for part in PARTS}
        self._output_known = False

    def on_clock(self, message: Mapping[str, Any], heard_us: int, ahead_us: int, error_us: int) -> None:
        """A `clock` message came; the relay's clock is ahead of ours by `ahead_us`, give or take
        `error_us`."""
        clock = {**message, **{name: message[name] - ahead_us for name in _RELAY_TIMES}}
        if not _is_possible(clock, heard_us, error_us):
            return
        if (
            self._clock
            and abs(self._captured_us(self._clock, clock["timestamp"]) - clock["server_us"]) > _JUMP_US
        ):
            arrivals = self._arrivals
            self.forget()
            self._arrivals = arrivals
        self._clock = clock
        self._error_us = clock["error_us"] + error_us
        device_us = clock["device_us"]
        if device_us != UNKNOWN_US:
            self._add("capture", heard_us, device_us)
        self._add(
            "encode", heard_us, clock["sent_us"] - clock["server_us"] - max(0, device_us) + LOOK_AHEAD_US
        )
        self._add("up", heard_us, clock["received_us"] - clock["sent_us"])
        self._add("relay", heard_us, clock["relayed_us"] - clock["received_us"])
        self._add("down", heard_us, heard_us - clock["relayed_us"])

    def on_packet(self, timestamp: int, at_us: int) -> None:
        """The packet that begins with sample `timestamp` came."""
        self._arrivals.append((timestamp, at_us))

    def on_playout(self, timestamp: int, popped_us: int, output_us: int | None) -> None:
        """Sample `timestamp` left the jitter buffer at `popped_us`, and takes `output_us` more, if that is
        known."""
        clock = self._clock
        if clock is None or popped_us - clock["relayed_us"] > _CLOCK_LASTS_US:
            return
        total_us = popped_us + (output_us or 0) + LOOK_AHEAD_US - self._captured_us(clock, timestamp)
        if not 0 <= total_us < _LONGEST_US:
            return
        self._output_known = output_us is not None
        self._total.add(popped_us, total_us / 1000)
        if output_us is not None:
            self._add("output", popped_us, output_us)
        waited_us = self._waited_us(timestamp, popped_us)
        if waited_us is not None:
            self._add("buffer", popped_us, waited_us)

    def captured_us(self, timestamp: int) -> float | None:
        """When sample `timestamp` entered the microphone; None until its talker has said so."""
        return None if self._clock is None else self._captured_us(self._clock, timestamp)

    def snapshot(self, now_us: int) -> Figure:
        parts = {part: self._part(part, now_us) for part in PARTS}
        total_ms = self._total.quantiles(now_us, _FIGURE_LASTS_US)
        known = self._clock is not None and self._clock["device_us"] != UNKNOWN_US and self._output_known
        error_ms = None if total_ms is None else self._error_us / 1000
        return Figure(total_ms, known, error_ms, parts)

    def _part(self, part: Part, now_us: int) -> PartFigure:
        quantiles = self._parts[part].quantiles(now_us, _FIGURE_LASTS_US)
        if quantiles is None:
            return PartFigure("unknown", None)
        return PartFigure("reported" if part in _REPORTED else "measured", quantiles)

    def _add(self, part: Part, at_us: int, value_us: float) -> None:
        self._parts[part].add(at_us, value_us / 1000)

    def _captured_us(self, clock: Mapping[str, Any], timestamp: int) -> float:
        return float(clock["server_us"]) + samples_ahead(timestamp, clock["timestamp"]) * _US_PER_SAMPLE

    def _waited_us(self, timestamp: int, popped_us: int) -> float | None:
        """How long the first sample of the packet that holds `timestamp` was in the buffer; None if it never
        came."""
        for first, arrived_us in reversed(self._arrivals):
            ahead = samples_ahead(timestamp, first)
            if 0 <= ahead < _LONGEST_PACKET_SAMPLES:
                return popped_us - ahead * _US_PER_SAMPLE - arrived_us
        return None


def _is_possible(clock: Mapping[str, Any], heard_us: int, error_us: int) -> bool:
    """A figure lasts for seconds, and must not be made of times that nothing can have happened at."""
    since = (heard_us - clock[name] for name in ("server_us", "received_us", "relayed_us"))
    spans = (clock["device_us"], clock["error_us"], error_us, *since)
    return all(abs(span_us) < _LONGEST_US for span_us in spans)
