"""What the jitter buffer adds to the delay and what it conceals, against other policies and the best of hindsight.

    scripts/bench jitter [--seconds 120] [--seeds 4]

The networks are tests/support/network_traces.py's, the same for all. Plots of the delay over time go to bench-results/.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

import matplotlib
import numpy as np

HERE: Final = Path(__file__).parent
sys.path[:0] = [str(HERE / "jitter"), str(HERE.parent / "support")]
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import ours  # noqa: E402
import quality  # noqa: E402
import rivals  # noqa: E402
from network_traces import TRACES, Trace  # noqa: E402

from streamer.client.audio.codec import Decoder, Encoder  # noqa: E402

RESULTS: Final = HERE.parents[1] / "bench-results"
PLOTTED_MS: Final = 30_000
BLOCK_US: Final = ours.BLOCK / 48 * 1000
TALKERS: Final = 8
LATE_SHARES: Final = (0.002, 0.004, 0.006, 0.008, 0.01, 0.0125, 0.015, 0.02, 0.03, 0.04, 0.06)
ROW: Final = "{:12} {:12} {:>8} {:>8} {:>10} {:>11} {:>12}"

POLICIES: Final = {
    "ours": lambda trace: ours.through(trace, ours.Silent(), lambda number: b"x")[0],
    "NetEQ-like": rivals.neteq_like,
    "fixed 60 ms": rivals.fixed,
    "aiortc": rivals.aiortc,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    print(ROW.format("network", "policy", "mean ms", "p95 ms", "concealed", "÷ constant", "÷ talkspurt"))
    for name, make in TRACES.items():
        traces = [make(seed, options.seconds * 1000) for seed in range(options.seeds)]
        compare(name, traces)
    for name in ("good", "busy"):
        compare_at_the_same_share(name, [TRACES[name](seed, options.seconds * 1000) for seed in range(options.seeds)])
    show_quality()
    show_cost()


def compare(name: str, traces: list[Trace]) -> None:
    figure, axes = plt.subplots(figsize=(11, 4))
    for policy, play in POLICIES.items():
        played = [play(trace) for trace in traces]
        concealed = float(np.mean([playout.concealed for playout in played]))
        mean = float(np.mean([playout.delay_ms.mean() for playout in played]))
        p95 = float(np.mean([np.percentile(playout.delay_ms, 95) for playout in played]))
        constant, talkspurt = (
            np.mean([optimum(trace, playout.concealed) for trace, playout in zip(traces, played, strict=True)])
            for optimum in (rivals.constant_optimum_ms, rivals.talkspurt_optimum_ms)
        )
        numbers = f"{mean:.1f}", f"{p95:.1f}", f"{concealed:.3%}", f"{mean / constant:.2f}", f"{mean / talkspurt:.2f}"
        print(ROW.format(name, policy, *numbers))
        shown = played[0].time_ms < PLOTTED_MS
        axes.plot(played[0].time_ms[shown] / 1000, played[0].delay_ms[shown], label=policy)
    axes.plot(
        traces[0].arrival_ms[: PLOTTED_MS // 10] / 1000,
        traces[0].relative_ms[: PLOTTED_MS // 10],
        ".",
        ms=1,
        color="gray",
    )
    axes.set(title=traces[0].name, xlabel="s", ylabel="ms more than the fastest packet")
    axes.legend()
    figure.savefig(RESULTS / f"jitter-{name}.png", dpi=110, bbox_inches="tight")
    plt.close(figure)


def compare_at_the_same_share(name: str, traces: list[Trace]) -> None:
    """Ours with other shares of late packets than the default: its delay where it conceals as much as a rival."""
    curve = sorted(operating_point(traces, share) for share in LATE_SHARES)
    concealed, delays = zip(*curve, strict=True)
    for rival in list(POLICIES)[1:]:
        played = [POLICIES[rival](trace) for trace in traces]
        share = float(np.mean([playout.concealed for playout in played]))
        theirs = float(np.mean([playout.delay_ms.mean() for playout in played]))
        if concealed[0] <= share <= concealed[-1]:
            mine = float(np.interp(share, concealed, delays))
            print(f"{name}: where {share:.2%} is concealed, ours adds {mine:.1f} ms, {rival} {theirs:.1f} ms")


def operating_point(traces: list[Trace], late_share: float) -> tuple[float, float]:
    played = [ours.through(trace, ours.Silent(), lambda number: b"x", late_share)[0] for trace in traces]
    return (
        float(np.mean([playout.concealed for playout in played])),
        float(np.mean([playout.delay_ms.mean() for playout in played])),
    )


def show_quality() -> None:
    """The codec alone sets the limit."""
    for name, make in {"no": None, "clean": TRACES["clean"], "busy": TRACES["busy"]}.items():
        scores = quality.scores(make)
        each = ", ".join(f"{score:.2f}" for score in scores)
        print(f"PESQ, wide-band, {name} network: {np.mean(scores):.2f} (four voices: {each})")


def show_cost() -> None:
    push, pop = ours.cost_ns(ours.Silent(), b"x")
    print(f"a push costs {push:.0f} ns, a pop of 128 samples {pop:.0f} ns, decoder left out")
    payload = Encoder().encode(quality.speech_frames()[300])
    push, pop = ours.cost_ns(Decoder(), payload)
    desktop_us = TALKERS * (pop + push * ours.BLOCK_MS / 10) / 1000
    command = ["node", str(HERE / "jitter/cost.mjs")]
    browser_us = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for where, spent_us in (("Cython with libopus", desktop_us), ("V8 with libopus-wasm, as in a worklet", browser_us)):
        print(f"{TALKERS} talkers, {where}: {spent_us:.0f} µs, {spent_us / BLOCK_US:.1%} of what 128 samples last")


if __name__ == "__main__":
    main()
