"""Seeded calls for the jitter buffer's benchmark: a voice, or talkspurts of one, over families of networks.

`HELD_OUT` has other parameters of the same families; no threshold was chosen by them.
"""

import functools
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import sound
from network_traces import (
    LEAST_TRANSIT_MS,
    PACKET_MS,
    Trace,
    busy_wifi,
    clean,
    drift,
    poisson,
    through_link,
)
from numpy.typing import NDArray

PACKET: Final = 480
SPURT_MS: Final = 1_004.0
PAUSE_MS: Final = 1_587.0
"""Means of ITU-T P.59, as are the least of them."""
LEAST_SPURT_MS: Final = 300.0
LEAST_PAUSE_MS: Final = 250.0
PREROLL: Final = 4
"""So many packets are sent at once when a talkspurt is noticed (client/audio/packetizer.py)."""
HANGOVER: Final = 20
"""So many packets at a talkspurt's end are silent: a pause is noticed that late."""
AUDIBLE: Final = 3e-3
"""-50 dBFS: whoever misses less misses nothing."""

Network = Callable[[int, float], Trace]
Stalls = list[tuple[float, float]]
Booleans = NDArray[np.bool_]


class Call(NamedTuple):
    """What was sent. `said` and `voiced` are by the number of the packet, the rest by the order of
    arrival."""

    sent: NDArray[np.int64]
    arrival_ms: NDArray[np.float64]
    relative_ms: NDArray[np.float64]
    capture_ms: NDArray[np.float64]
    starts: Booleans
    said: Booleans
    voiced: Booleans
    packet_ms: float

    @property
    def heard(self) -> Booleans:
        """By its order: whether it is missed where it is missing."""
        return self.voiced[self.sent]


@functools.cache
def speech() -> NDArray[np.float32]:
    """Four voices, one after the other, in whole packets."""
    spoken = np.concatenate([sound.speech(speaker) for speaker in range(4)])
    return spoken[: len(spoken) // PACKET * PACKET]


def _audible(count: int) -> Booleans:
    loudness = np.sqrt(np.mean(speech().reshape(-1, PACKET) ** 2, axis=1))
    return np.resize(loudness > AUDIBLE, count)


def voice(trace: Trace, seed: int) -> Call:
    """Somebody reads aloud: every packet is sent."""
    count = len(trace.arrival_ms)
    everything = np.arange(count)
    return _call(trace, everything, trace.arrival_ms, everything == 0, np.ones(count, np.bool_))


def talk(trace: Trace, seed: int) -> Call:
    """Somebody talks with somebody: nothing is sent in pauses, and each talkspurt begins with its
    pre-roll."""
    dice, count = np.random.default_rng(1_000 + seed), len(trace.arrival_ms)
    sent: list[int] = []
    arrivals: list[float] = []
    starts: list[bool] = []
    said = np.zeros(count, np.bool_)
    first = 0
    while first + PREROLL < count:
        end = min(first + int(max(LEAST_SPURT_MS, dice.exponential(SPURT_MS)) / PACKET_MS), count)
        said[first : max(first + PREROLL + 1, end - HANGOVER)] = True
        for number in range(first, end):
            sent.append(number)
            arrivals.append(float(trace.arrival_ms[max(number, min(first + PREROLL, count - 1))]))
            starts.append(number == first)
        first = end + int(max(LEAST_PAUSE_MS, dice.exponential(PAUSE_MS)) / PACKET_MS)
    return _call(trace, np.array(sent), np.maximum.accumulate(arrivals), np.array(starts), said)


def _call(
    trace: Trace, sent: NDArray[np.int64], arrival_ms: NDArray[np.float64], starts: Booleans, said: Booleans
) -> Call:
    capture_ms = trace.capture_ms[sent]
    voiced = np.zeros(len(said) + 2, np.bool_)  # the page's buffer may look beyond the last packet
    voiced[sent] = (said & _audible(len(said)))[sent]
    relative_ms = arrival_ms - capture_ms - LEAST_TRANSIT_MS
    return Call(sent, arrival_ms, relative_ms, capture_ms, starts, said, voiced, float(trace.capture_ms[1]))


def wifi(jitter_ms: float, every_ms: float, least_ms: float, most_ms: float) -> Network:
    def trace(seed: int, duration_ms: float) -> Trace:
        dice = np.random.default_rng(seed)
        stalls = poisson(dice, duration_ms, every_ms, least_ms, most_ms)
        return through_link("Wi-Fi", dice, duration_ms, jitter_ms, stalls)

    return trace


def stalling(every_ms: float, least_ms: float, most_ms: float, jitter_ms: float = 2.5) -> Network:
    """A stall every so often, each as long as chance has it."""

    def trace(seed: int, duration_ms: float) -> Trace:
        dice = np.random.default_rng(seed)
        starts = np.arange(every_ms * dice.uniform(0.3, 1), duration_ms - every_ms / 2, every_ms)
        stalls = [(float(start), float(dice.uniform(least_ms, most_ms))) for start in starts]
        return through_link("stalls", dice, duration_ms, jitter_ms, stalls)

    return trace


def tcp(loss: float, again_ms: float = 230.0) -> Network:
    """Each lost packet stalls the others until it is sent again."""

    def trace(seed: int, duration_ms: float) -> Trace:
        dice = np.random.default_rng(seed)
        lost = np.flatnonzero(dice.random(int(duration_ms / PACKET_MS)) < loss) * PACKET_MS
        return through_link("loss, TCP", dice, duration_ms, 1.0, [(float(start), again_ms) for start in lost])

    return trace


def changing(every_ms: float, least_ms: float, most_ms: float) -> Network:
    """Good at first; stalls from a third to a half of the time; then good again."""

    def trace(seed: int, duration_ms: float) -> Trace:
        dice = np.random.default_rng(seed)
        starts = np.arange(duration_ms / 3, duration_ms / 2, every_ms)
        stalls = [(float(start), float(dice.uniform(least_ms, most_ms))) for start in starts]
        return through_link("a change", dice, duration_ms, 2.5, stalls)

    return trace


NETWORKS: Final[dict[str, Network]] = {
    "idle LAN": clean,
    "good Wi-Fi": wifi(2.5, 4_000, 15, 40),
    "busy Wi-Fi": busy_wifi,
    "75-225 ms every 5 s": stalling(5_000, 75, 225, 4.0),
    "300 ms every 5 s": stalling(5_000, 300, 300),
    "150 ms every 8 s": stalling(8_000, 150, 150),
    "1 % loss, TCP": tcp(0.01),
    "drift +300 ppm": drift(300),
    "a change and back": changing(3_000, 75, 225),
}
HELD_OUT: Final[dict[str, Network]] = {
    "good Wi-Fi, less jitter": wifi(1.8, 2_500, 10, 30),
    "good Wi-Fi, more jitter": wifi(3.5, 6_000, 20, 60),
    "60-180 ms every 4 s": stalling(4_000, 60, 180, 5.0),
    "250 ms every 6 s": stalling(6_000, 250, 250),
    "120 ms every 10 s": stalling(10_000, 120, 120),
    "0.5 % loss, TCP": tcp(0.005),
    "1 % loss, quick TCP": tcp(0.01, 80.0),
    "drift -200 ppm": drift(-200),
    "another change": changing(2_000, 150, 300),
}
