"""From one's microphone to another's loudspeaker, on the sound rig: streamer and plain WebRTC, in one run.

    scripts/bench latency [--chirps 30] [--rounds 2]

Chirps go into one member's microphone wire and are found on the other's speaker wire, sample by sample. Both services
use the same two browsers at a time, with the same microphone settings. Beside each delay of ours stands what the page
or the terminal itself claims. The plot goes to bench-results/latency.png.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Final

import matplotlib

HERE: Final = Path(__file__).parent
sys.path[:0] = [str(HERE.parent)]
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
from pairs import (  # noqa: E402
    LISTENER,
    TALKER,
    Measure,
    Round,
    desktop_to_desktop,
    desktop_to_phone,
    hear_chirps,
    phone_to_desktop,
    phone_to_phone,
)
from phone import Phones  # noqa: E402
from processes import RelayProcess  # noqa: E402
from rig import Rig  # noqa: E402

RESULTS: Final = HERE.parents[1] / "bench-results"
PEER: Final = (HERE / "latency/webrtc.js").read_text()
LOOPBACK: Final = ("--allow-loopback-in-peer-connection",)

Measured = dict[str, list[Round]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chirps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    measured: Measured = {}
    for number in range(options.rounds):
        for name, measure in MEASUREMENTS.items():
            print(f"round {number + 1}: {name} …", file=sys.stderr)
            with tempfile.TemporaryDirectory() as name_of_folder, Rig(members=2) as rig:
                folder = Path(name_of_folder)
                with RelayProcess(folder / "relay") as relay:
                    measured.setdefault(name, []).append(measure(folder, rig, relay, options.chirps))
    show(measured)
    plot(measured)


def webrtc(echo_cancelling: bool) -> Measure:
    def measure(folder: Path, rig: Rig, relay: RelayProcess, count: int) -> Round:
        with Phones(folder) as phones:
            peers = [phones.start(rig, member, relay.authority, flags=LOOPBACK) for member in (TALKER, LISTENER)]
            for peer in peers:
                peer.open(f"{relay.origin}/healthz").page.evaluate(PEER)
            offer = peers[0].page.evaluate("(echo) => peer.offer(echo)", echo_cancelling)
            answer = peers[1].page.evaluate("([offer, echo]) => peer.answer(offer, echo)", [offer, echo_cancelling])
            peers[0].page.evaluate("(answer) => peer.accept(answer)", answer)
            for member in (TALKER, LISTENER):
                rig.wait_attached(member)
            return hear_chirps(rig, count, lambda: None)

    return measure


MEASUREMENTS: Final = {
    "phone → phone": phone_to_phone(echo_cancelling=False),
    "WebRTC": webrtc(echo_cancelling=False),
    "phone → phone, echo cancelling": phone_to_phone(echo_cancelling=True),
    "WebRTC, echo cancelling": webrtc(echo_cancelling=True),
    "phone → desktop": phone_to_desktop,
    "desktop → phone": desktop_to_phone,
    "desktop → desktop": desktop_to_desktop,
}
RIVALS: Final = {
    "phone → phone": "WebRTC",
    "phone → phone, echo cancelling": "WebRTC, echo cancelling",
}


def show(measured: Measured) -> None:
    print(f"{'':32} {'p50':>8} {'p95':>8} {'chirps':>7} {'claimed':>8} {'÷ WebRTC':>9}")
    for name, rounds in measured.items():
        delays = sorted(delay for each, _ in rounds for delay in each)
        if not delays:
            print(f"{name:32} no chirp was heard")
            continue
        claims = [claim for _, claim in rounds if claim is not None]
        claim = f"{statistics.median(claims):.0f} ms" if claims else ""
        ratio = ""
        if name in RIVALS:
            rival = [delay for each, _ in measured[RIVALS[name]] for delay in each]
            ratio = f"{statistics.median(delays) / statistics.median(rival):.2f}" if rival else ""
        p95 = delays[int(0.95 * (len(delays) - 1))]
        print(f"{name:32} {statistics.median(delays):5.1f} ms {p95:5.1f} ms {len(delays):7} {claim:>8} {ratio:>9}")


def plot(measured: Measured) -> None:
    RESULTS.mkdir(exist_ok=True)
    figure, axes = plt.subplots(figsize=(10, 4))
    axes.boxplot(
        [[delay for each, _ in rounds for delay in each] for rounds in measured.values()], orientation="horizontal"
    )
    axes.set(xlabel="ms from microphone to loudspeaker", yticklabels=list(measured))
    figure.savefig(RESULTS / "latency.png", dpi=110, bbox_inches="tight")


if __name__ == "__main__":
    main()
