"""Seeded networks for the jitter buffer's tests and benchmark: when each packet of a talker arrives.

A voice packet leaves every `PACKET_MS`; its way takes a constant, plus jitter (exponential), and whatever
stalls the link imposes: while a link stalls nothing comes through, and what was sent meanwhile arrives in one
burst at its end, in order, as TCP delivers. A *spike* is a short stall. Stalls come as a Poisson process, or
regularly where that is what is looked at.

The figures follow published measurements of Wi-Fi (ping medians of 2 to 8.5 ms, 95 % under 14 to 19 ms,
spikes of 60 to 150 ms).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PACKET_MS = 10.0
SAMPLES_PER_MS = 48
LEAST_TRANSIT_MS = 1.0
BURST_SPACING_MS = 0.05


@dataclass(frozen=True)
class Trace:
    """Packet i was captured at `capture_ms[i]` of the listener's clock, and came at `arrival_ms[i]`.

    By the talker's own clock it was captured at i·PACKET_MS.
    """

    name: str
    capture_ms: NDArray[np.float64]
    arrival_ms: NDArray[np.float64]
    stall_ends_ms: NDArray[np.float64]

    @property
    def relative_ms(self) -> NDArray[np.float64]:
        """How much later than the fastest packet each one came."""
        return self.arrival_ms - self.capture_ms - LEAST_TRANSIT_MS


def poisson(
    rng: np.random.Generator, duration_ms: float, every_ms: float, least_ms: float, most_ms: float
) -> list[tuple[float, float]]:
    starts = np.cumsum(rng.exponential(every_ms, int(3 * duration_ms / every_ms) + 10))
    return [
        (float(s), float(rng.uniform(least_ms, most_ms))) for s in starts if s < duration_ms - 2 * most_ms
    ]


def regular(duration_ms: float, every_ms: float, length_ms: float) -> list[tuple[float, float]]:
    return [(float(s), length_ms) for s in np.arange(every_ms, duration_ms - every_ms / 2, every_ms)]


def through_link(
    name: str,
    rng: np.random.Generator,
    duration_ms: float,
    jitter_ms: float,
    stalls: list[tuple[float, float]],
    drift_ppm: float = 0.0,
) -> Trace:
    count = int(duration_ms / PACKET_MS)
    capture = np.arange(count) * PACKET_MS * (1 + drift_ppm * 1e-6)
    arrival = capture + LEAST_TRANSIT_MS + rng.exponential(jitter_ms, count)
    for start, length in sorted(stalls):
        held = (arrival >= start) & (arrival < start + length)
        arrival[held] = start + length
    for i in range(1, count):
        arrival[i] = max(arrival[i], arrival[i - 1] + BURST_SPACING_MS)
    return Trace(
        name, capture, arrival, np.array([s + length for s, length in sorted(stalls) if length >= 100])
    )


def clean(seed: int, duration_ms: float) -> Trace:
    """A cable: half a millisecond of jitter."""
    return through_link("clean", np.random.default_rng(seed), duration_ms, 0.2, [])


def good_wifi(seed: int, duration_ms: float) -> Trace:
    """Jitter 2.5 ms; every 4 s or so 15 to 40 ms of nothing."""
    rng = np.random.default_rng(seed)
    return through_link("good Wi-Fi", rng, duration_ms, 2.5, poisson(rng, duration_ms, 4000, 15, 40))


def busy_wifi(seed: int, duration_ms: float) -> Trace:
    """Jitter 5 ms, spikes of about 60 ms every 3 s, stalls of about 150 ms every 15 s; all at random."""
    rng = np.random.default_rng(seed)
    stalls = poisson(rng, duration_ms, 3000, 50, 70) + poisson(rng, duration_ms, 15000, 130, 170)
    return through_link("busy Wi-Fi", rng, duration_ms, 5.0, stalls)


def stalls(length_ms: float) -> Callable[[int, float], Trace]:
    def trace(seed: int, duration_ms: float) -> Trace:
        rng = np.random.default_rng(seed)
        return through_link(
            f"stalls of {length_ms:.0f} ms", rng, duration_ms, 2.5, regular(duration_ms, 8000, length_ms)
        )

    trace.__doc__ = f"Jitter 2.5 ms; every 8 s a stall of {length_ms:.0f} ms, then a burst."
    return trace


def tcp_loss(seed: int, duration_ms: float) -> Trace:
    """1 % of packets lost under TCP: each stalls the rest for 230 ms."""
    rng = np.random.default_rng(seed)
    lost = np.flatnonzero(rng.random(int(duration_ms / PACKET_MS)) < 0.01) * PACKET_MS
    return through_link("1 % loss, TCP", rng, duration_ms, 1.0, [(float(s), 230.0) for s in lost])


def drift(ppm: float) -> Callable[[int, float], Trace]:
    def trace(seed: int, duration_ms: float) -> Trace:
        return through_link(f"drift {ppm:+.0f} ppm", np.random.default_rng(seed), duration_ms, 2.5, [], ppm)

    trace.__doc__ = f"Jitter 2.5 ms; the talker's sound card is {ppm:+.0f} ppm off."
    return trace


TRACES: dict[str, Callable[[int, float], Trace]] = {
    "clean": clean,
    "good": good_wifi,
    "busy": busy_wifi,
    "stalls-150": stalls(150),
    "stalls-300": stalls(300),
    "stalls-1000": stalls(1000),
    "tcp-loss": tcp_loss,
    "drift": drift(300),
}
