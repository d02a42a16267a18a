"""Our jitter buffer over a trace, as a browser asks it: 128 samples at a time."""

import timeit
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from network_traces import LEAST_TRANSIT_MS, PACKET_MS, Trace
from numpy.typing import NDArray
from rivals import Playout

from streamer.jitter.jitter_buffer import JitterBuffer
from streamer.jitter.policy import Operation

if TYPE_CHECKING:
    from streamer.jitter.jitter_buffer import Decoder

PACKET = 480
BLOCK = 128
BLOCK_MS = BLOCK / 48

Samples = NDArray[np.float32]


class Silent:
    """Costs nothing."""

    side = None

    def __init__(self) -> None:
        self._packet = np.zeros(PACKET, np.float32)

    def decode(self, payload: bytes) -> Samples:
        return self._packet

    def conceal(self, n_samples: int) -> Samples:
        return np.zeros(n_samples, np.float32)


def through(
    trace: Trace, decoder: "Decoder", payload: Callable[[int], bytes], late_share: float = 0.01
) -> tuple[Playout, Samples]:
    """Packet `number` carries `payload(number)`; also what was heard."""
    buffer = JitterBuffer(decoder, late_share=late_share)
    blocks = int(trace.arrival_ms[-1] / BLOCK_MS)
    heard = np.zeros((blocks, BLOCK), np.float32)
    times, delays = np.empty(blocks), np.full(blocks, np.nan)
    number, silent_before = 0, None
    for at in range(blocks):
        now = times[at] = at * BLOCK_MS
        while number < len(trace.arrival_ms) and trace.arrival_ms[number] <= now:
            when = float(trace.arrival_ms[number])
            buffer.push(number % 2**16, number * PACKET % 2**32, payload(number), when)
            number += 1
        timestamp = buffer.playout_timestamp
        if timestamp is not None and buffer.operation < Operation.CONCEAL:
            delays[at] = now - np.interp(timestamp / 48 / PACKET_MS, np.arange(number), trace.capture_ms[:number])
        buffer.pop_into(heard[at], now)
        if silent_before is None and timestamp is not None:
            silent_before = buffer.statistics["silent_ms"]
    missing = buffer.statistics["concealed_ms"] + buffer.statistics["silent_ms"] - (silent_before or 0.0)
    played = ~np.isnan(delays)
    playout = Playout(times[played], delays[played] - LEAST_TRANSIT_MS, missing / times[-1])
    return playout, heard.ravel()


def cost_ns(decoder: "Decoder", payload: bytes) -> tuple[float, float]:
    """Of one push, and of one pop of 128 samples, each the best of five."""
    count = 5_000
    pushes, pops = [], []
    for _ in range(5):
        buffer = JitterBuffer(decoder)
        block = np.zeros(BLOCK, np.float32)
        spent = [0.0, 0.0]
        number = 0
        for at in range(count):
            now = at * BLOCK_MS
            began = timeit.default_timer()
            while number * PACKET_MS <= now:
                buffer.push(number % 2**16, number * PACKET % 2**32, payload, now)
                number += 1
            middle = timeit.default_timer()
            buffer.pop_into(block, now)
            spent[0] += middle - began
            spent[1] += timeit.default_timer() - middle
        pushes.append(spent[0] / number * 1e9)
        pops.append(spent[1] / count * 1e9)
    return min(pushes), min(pops)
