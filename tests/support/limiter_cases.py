"""The limiter's and the volume's shared cases; the limiters and the volumes of both languages must agree.

    .venv/bin/python tests/support/limiter_cases.py     writes tests/vectors/limiter.json anew,
    from the desktop's

A case is blocks of so many samples; sample i of mid is `loudness[i // 4800]` times a sawtooth that is exact
in both languages, and of side `share` times as much. It expects some of the samples of both.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from streamer.client.audio.limiter import Limiter
from streamer.client.audio.samples import Samples
from streamer.client.volume import gain_of

VECTORS = Path(__file__).parents[1] / "vectors" / "limiter.json"
RATE = 48_000
STEP = 4_800
LOOK_EVERY = 331


def mix(loudness: list[float]) -> Samples:
    """A sawtooth with a period of 400 samples."""
    at = np.arange(STEP * len(loudness))
    return np.asarray(np.repeat(loudness, STEP) * ((at % 400) / 200 - 1), np.float32)


def run(block: int, loudness: list[float], share: float) -> dict[str, Any]:
    limiter, mid = Limiter(RATE), mix(loudness)
    side = mid * np.float32(share)
    for start in range(0, len(mid), block):
        limiter.process(mid[start : start + block], side[start : start + block])
    return {"mid": mid[::LOOK_EVERY].tolist(), "side": side[::LOOK_EVERY].tolist()}


def all_vectors() -> dict[str, Any]:
    cases = {
        "a voice alone": (128, [0.5, 0.7, 0.1], 0.0),
        "six voices, then one": (128, [4.0, 0.5, 0.5, 0.5, 0.5, 0.5], 0.0),
        "to the side, in long blocks": (5_760, [0.3, 2.0, 0.0, 1.0, 0.2], 0.5),
        "in odd blocks": (441, [1.0, 8.0, 0.6], -0.25),
    }
    limiter = [
        {"name": name, "block": block, "loudness": loudness, "share": share, **run(block, loudness, share)}
        for name, (block, loudness, share) in cases.items()
    ]
    return {
        "limiter": limiter,
        "volume": [[volume, gain_of(volume)] for volume in (0.0, 0.25, 0.5, 1.0, 1.5, 2.0)],
    }


if __name__ == "__main__":
    VECTORS.write_text(
        json.dumps(all_vectors(), separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n"
    )
