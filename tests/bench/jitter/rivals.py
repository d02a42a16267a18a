"""What our jitter buffer is compared with: other policies over the same arrivals, and the best that hindsight allows.

Each gives a `Playout`: how long after the fastest possible packet each 10 ms were played, and which share of the time
nothing was there to be played. A packet-level simulation: as if time-scaling were perfect and free.
"""

from typing import NamedTuple

import numpy as np
from aiortc.jitterbuffer import JitterBuffer as AiortcBuffer
from aiortc.rtp import RtpPacket
from network_traces import LEAST_TRANSIT_MS, PACKET_MS, Trace
from numpy.typing import NDArray

FIXED_MS = 60.0
TALKSPURT_MS = 2_000.0
FASTEST = 0.25
"""Accelerate and expand change the speed by this share at most, as ours do."""

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
    """aiortc's own buffer, as its receiver makes it for audio; played from a queue that nothing ever shortens."""
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


def neteq_like(trace: Trace) -> Playout:
    """A histogram of relative delays in buckets of 20 ms, quantile 0.95, forgetting 0.983; late packets play late."""
    histogram, forgetting = np.zeros(100), 0.983
    delay, concealed, target = 0.0, 0.0, 20.0
    known = 0
    delays = np.empty(len(trace.arrival_ms))
    for number, relative in enumerate(trace.relative_ms):
        now = trace.capture_ms[number] + LEAST_TRANSIT_MS + delay
        while known < len(delays) and trace.arrival_ms[known] <= now:
            histogram *= forgetting
            histogram[min(99, int(trace.relative_ms[known] / 20))] += 1 - forgetting
            known += 1
        if histogram.sum() > 0:
            target = 20.0 * (1 + int(np.searchsorted(np.cumsum(histogram), 0.95 * histogram.sum())))
        step = FASTEST * PACKET_MS
        delay += float(np.clip(target - delay, -step, step))
        if relative > delay:
            concealed += relative - delay
            delay = float(relative)
        delays[number] = delay
    return Playout(trace.capture_ms + delays, delays, concealed / (len(delays) * PACKET_MS))


def constant_optimum_ms(trace: Trace, concealed: float) -> float:
    """The least constant delay at which no more than this share of the packets is late."""
    return float(np.quantile(trace.relative_ms, 1 - concealed, method="higher"))


def talkspurt_optimum_ms(trace: Trace, concealed: float) -> float:
    """The least mean of delays, one for each 2 s, at which no more than this share is late, all in all."""
    size = int(TALKSPURT_MS / PACKET_MS)
    spurts = [np.sort(trace.relative_ms[start : start + size]) for start in range(0, len(trace.relative_ms), size)]
    allowed = concealed * len(trace.relative_ms)
    cheap, dear = 0.0, 1e6  # what a late packet costs, in ms of delay of one spurt
    for _ in range(50):
        price = (cheap + dear) / 2
        late = [int(np.argmin(spurt[::-1] + price * np.arange(len(spurt)))) for spurt in spurts]
        if sum(late) > allowed:
            cheap = price
        else:
            dear, best = price, float(np.mean([spurt[-1 - k] for spurt, k in zip(spurts, late, strict=True)]))
    return best
