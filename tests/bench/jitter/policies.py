"""What is compared: our jitter buffer, a policy like NetEQ's, and the best constant delay of hindsight.

Ours is the page's own code, over a voice. The others are simulated by packets, as if time-scaling
were perfect.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import calls
import emodel
import numpy as np
from calls import Call
from network_traces import LEAST_TRANSIT_MS, PACKET_MS
from numpy.typing import NDArray

HERE: Final = Path(__file__).parent
WEB: Final = HERE.parents[2] / "web"
BLOCK: Final = 128
FASTEST: Final = 0.25
"""Accelerate and expand change the speed by this share at most, as ours do."""
CONSTANTS_MS: Final = range(0, 600, 3)


class Outcome(NamedTuple):
    delay_ms: float
    missing: float
    rating: float
    spliced: float
    """The share of the time that was cut out or repeated; 0 where that is not simulated."""


def outcome(
    delays_ms: NDArray[np.float64], gaps_ms: Sequence[float], call: Call, spliced: float = 0.0
) -> Outcome:
    missing = min(sum(gaps_ms) / (float(call.heard.sum()) * PACKET_MS), 1.0)
    packets = np.maximum(np.asarray(gaps_ms or [PACKET_MS]) / PACKET_MS, 1.0)
    burst_ratio = max(float(np.mean(packets)) * (1 - missing), 1.0)
    return Outcome(
        float(np.mean(delays_ms)), missing, emodel.rating(delays_ms, missing, burst_ratio), spliced
    )


def ours(played: Sequence[Call], block: int = BLOCK) -> list[Outcome]:
    return _in_the_page(played, block)


def _in_the_page(played: Sequence[Call], block: int) -> list[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        for part in ("worklets", "shared"):
            shutil.copytree(WEB / part, Path(folder) / part)
        (Path(folder) / "package.json").write_text('{"type": "module"}')
        said = Path(folder) / "speech"
        calls.speech().tofile(said)
        asked = json.dumps({"speech": str(said), "calls": [_as_json(call, block) for call in played]})
        command = ["node", str(HERE / "play.mjs"), folder]
        done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    return [
        outcome(
            np.array(heard["delays"]),
            heard["gaps"],
            call,
            (heard["cutMs"] + heard["repeatedMs"]) / float(call.arrival_ms[-1]),
        )
        for call, heard in zip(played, json.loads(done.stdout), strict=True)
    ]


def _as_json(call: Call, block: int) -> dict[str, object]:
    return {
        "sent": call.sent.tolist(),
        "arrivals": call.arrival_ms.tolist(),
        "starts": call.starts.tolist(),
        "said": call.said.tolist(),
        "voiced": call.voiced.tolist(),
        "packetMs": call.packet_ms,
        "transitMs": LEAST_TRANSIT_MS,
        "block": block,
    }


def best_constant(played: Sequence[Call]) -> list[Outcome]:
    return [
        max((_constant(call, ms) for ms in CONSTANTS_MS), key=lambda found: found.rating) for call in played
    ]


def _constant(call: Call, delay_ms: float) -> Outcome:
    """What is later is missing."""
    late = np.concatenate([[0], (call.relative_ms > delay_ms) & call.heard, [0]])
    edges = np.diff(late.astype(np.int8))
    gaps_ms = (np.flatnonzero(edges < 0) - np.flatnonzero(edges > 0)) * PACKET_MS
    return outcome(np.array([delay_ms], np.float64), gaps_ms.tolist(), call)


def neteq_like(played: Sequence[Call]) -> list[Outcome]:
    return [_neteq_like(call) for call in played]


def _neteq_like(call: Call) -> Outcome:
    """A histogram of relative delays in buckets of 20 ms, quantile 0.95, forgetting 0.983; late packets play
    late."""
    histogram, forgetting = np.zeros(100), 0.983
    delay, target, known = 0.0, 20.0, 0
    gaps_ms: list[float] = []
    delays = np.empty(len(call.sent))
    for order, relative in enumerate(call.relative_ms):
        while (
            known < len(delays)
            and call.arrival_ms[known] <= call.capture_ms[order] + LEAST_TRANSIT_MS + delay
        ):
            histogram *= forgetting
            histogram[min(99, int(max(call.relative_ms[known], 0) / 20))] += 1 - forgetting
            known += 1
        if known:
            target = 20.0 * (1 + int(np.searchsorted(np.cumsum(histogram), 0.95 * histogram.sum())))
        if call.starts[order]:  # what plays first waits for nothing, and is missed by nobody
            delay = max(target, float(relative))
        step = FASTEST * PACKET_MS
        delay += float(np.clip(target - delay, -step, step))
        if relative > delay:
            if call.heard[order]:
                gaps_ms.append(float(relative) - delay)
            delay = float(relative)
        delays[order] = delay
    return outcome(delays[call.heard], gaps_ms, call)
