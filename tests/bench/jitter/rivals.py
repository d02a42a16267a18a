"""Two buffers that never change: a fixed delay, and aiortc's; over the same arrivals.

Each gives a `Playout`: how long after the fastest possible packet each 10 ms were played, and which share of
the time nothing was there to be played. A packet-level simulation: as if time-scaling were perfect and free.
"""

from typing import NamedTuple

import numpy as np
from aiortc.jitterbuffer import JitterBuffer as AiortcBuffer
from aiortc.rtp import RtpPacket
from network_traces import LEAST_TRANSIT_MS, PACKET_MS, Trace
from numpy.typing import NDArray

FIXED_MS = 60.0

Delays = NDArray[np.float64]


class Playout(NamedTuple):
    time_ms: Delays
    delay_ms: Delays
    concealed: float


def fixed(trace: Trace) -> Playout:
    """What is later than 60 ms is lost."""
    late = trace.relative_ms > FIXED_MS
    return Playout(trace.capture_ms + FIXED_MS, np.full(len(late), FIXED_MS), float(late.mean()))


def aiortc(trace: Trace) -> Playout:
    """aiortc's own buffer, as its receiver makes it for audio; played from a queue that nothing ever
    shortens."""
    buffer = AiortcBuffer(capacity=16, prefetch=4)
    ready: list[tuple[float, int]] = []
    for number, arrival in enumerate(trace.arrival_ms):
        packet = RtpPacket(sequence_number=number % 2**16, timestamp=number * 480 % 2**32)
        packet._data = b"x"
        _, frame = buffer.add(packet)
        if frame:
            ready.append((float(arrival), frame.timestamp // 480))
    return _queue(trace, ready)


def _queue(trace: Trace, ready: list[tuple[float, int]]) -> Playout:
    """Play each packet in its turn; if there is none, conceal and stay as late as that made us."""
    now = ready[0][0]
    times, delays, concealed = [], [], 0.0
    for when, number in ready:
        if when > now:
            concealed += when - now
            now = when
        times.append(now)
        delays.append(now - trace.capture_ms[number] - LEAST_TRANSIT_MS)
        now += PACKET_MS
    return Playout(np.array(times), np.array(delays), concealed / (now - ready[0][0]))
