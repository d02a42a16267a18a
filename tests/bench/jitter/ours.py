"""Our jitter buffer over a trace, as a browser asks it: 128 samples at a time."""

import timeit
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from network_traces import PACKET_MS, Trace
from numpy.typing import NDArray

from streamer.jitter.jitter_buffer import JitterBuffer

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


def through(trace: Trace, decoder: "Decoder", payload: Callable[[int], bytes]) -> Samples:
    """What was heard, where packet `number` carries `payload(number)`."""
    buffer = JitterBuffer(decoder)
    heard = np.zeros((int(trace.arrival_ms[-1] / BLOCK_MS), BLOCK), np.float32)
    number = 0
    for at in range(len(heard)):
        now = at * BLOCK_MS
        while number < len(trace.arrival_ms) and trace.arrival_ms[number] <= now:
            buffer.push(
                number % 2**16, number * PACKET % 2**32, payload(number), float(trace.arrival_ms[number])
            )
            number += 1
        buffer.pop_into(heard[at], now)
    return heard.ravel()


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
