"""Masking in place, ours against aiohttp's Cython, in one run: scripts/bench mask"""

import statistics
import timeit
from os import urandom

from aiohttp._websocket.mask import _websocket_mask_cython  # what its reader and writer call

from streamer.websocket.mask import mask

SIZES = (12, 60, 120, 1_024, 65_536)
ROUNDS = 15


def main() -> None:
    key = urandom(4)
    print(f"{'bytes':>7} {'ours ns':>9} {'aiohttp ns':>11} {'ratio':>6}")
    for size in SIZES:
        ours, theirs = measure(bytearray(urandom(size)), key)
        ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
        print(f"{size:7} {statistics.median(ours):9.0f} {statistics.median(theirs):11.0f} {ratio:6.2f}")


def measure(data: bytearray, key: bytes) -> tuple[list[float], list[float]]:
    """Nanoseconds a call in each round."""
    count = max(2_000, 20_000_000 // (len(data) + 400))
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(timeit.timeit(lambda: mask(data, key), number=count) / count * 1e9)
        theirs.append(timeit.timeit(lambda: _websocket_mask_cython(key, data), number=count) / count * 1e9)
    return ours, theirs


if __name__ == "__main__":
    main()
