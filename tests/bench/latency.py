"""From one's microphone to another's loudspeaker, on the sound rig: streamer and plain WebRTC, in one run.

    scripts/bench latency [--networks clean,jitter,good,busy,stalls] [--only context] [--chirps 30] [--rounds
    1]

Chirps go into one member's microphone wire and are found on the other's speaker wire, sample by sample. Both
services use the same two browsers at a time, with the same microphone settings. Beside each delay of ours
stands what the page or the terminal itself claims, and by how much that is wrong. "One context" is a browser
without devices. All networks but the clean one are emulated Wi-Fi, of all members but the relay, which is on
a cable; that needs root. The plots go to bench-results/.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import matplotlib

HERE: Final = Path(__file__).parent
sys.path[:0] = [str(HERE / "latency"), str(HERE.parent / "support")]
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
from audio_rig import Rig, wait_until  # noqa: E402
from pairs import (  # noqa: E402
    LISTENER,
    TALKER,
    Measure,
    Round,
    Scene,
    desktop_to_desktop,
    desktop_to_phone,
    musicians,
    phone_to_desktop,
    phone_to_phone,
)
from phone import CHROMIUM  # noqa: E402
from processes import STREAMER, RelayProcess  # noqa: E402
from rivals import one_context, webrtc  # noqa: E402
from wifi import WiFi  # noqa: E402

RESULTS: Final = HERE.parents[1] / "bench-results"
ROW: Final = "{:32} {:>9} {:>9} {:>6} {:>10} {:>9} {:>9} {:>9}"

OURS: Final[dict[str, Measure]] = {
    "phone → phone": phone_to_phone(echo_cancelling=False),
    "phone → desktop": phone_to_desktop,
    "desktop → phone": desktop_to_phone,
    "desktop → desktop": desktop_to_desktop,
    "musicians, packets of 10 ms": musicians("10"),
    "musicians, packets of 5 ms": musicians("5"),
    "musicians, packets of 2.5 ms": musicians("2.5"),
}
BOTH: Final[dict[str, Measure]] = {
    "phone → phone": phone_to_phone(echo_cancelling=False),
    "WebRTC": webrtc(echo_cancelling=False),
}
BOTH_CANCELLING: Final[dict[str, Measure]] = {
    "phone → phone, echo cancelling": phone_to_phone(echo_cancelling=True),
    "WebRTC, echo cancelling": webrtc(echo_cancelling=True),
}
ONE_CONTEXT: Final[dict[str, Measure]] = {
    "one context": one_context("streamer"),
    "WebRTC, one context": one_context("webrtc"),
}
MEASUREMENTS: Final[dict[str, dict[str, Measure]]] = {
    "clean": BOTH | BOTH_CANCELLING | OURS | ONE_CONTEXT,
    "jitter": OURS,
    "good": BOTH,
    "busy": BOTH,
    "stalls": BOTH,
}
RIVALS: Final = {
    "phone → phone": "WebRTC",
    "phone → phone, echo cancelling": "WebRTC, echo cancelling",
    "one context": "WebRTC, one context",
}

Measured = dict[str, list[Round]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", default=",".join(MEASUREMENTS))
    parser.add_argument("--only", default="", help="what has this in its name")
    parser.add_argument("--chirps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    for network in options.networks.split(","):
        measured: Measured = {}
        for number in range(options.rounds):
            for name, measure in MEASUREMENTS[network].items():
                if options.only not in name:
                    continue
                print(f"{network}, round {number + 1}: {name} …", file=sys.stderr)
                with scene(network) as here:
                    measured.setdefault(name, []).append(measure(here, options.chirps))
        show(network, measured)
        plot(network, measured)


@contextmanager
def scene(network: str) -> Iterator[Scene]:
    with tempfile.TemporaryDirectory() as name, Rig(members=2) as rig:
        folder = Path(name)
        if network == "clean":
            with RelayProcess(folder / "relay") as relay:
                yield Scene(folder, rig, relay)
            return
        stations = {TALKER: "talker", LISTENER: "listener"}
        with WiFi(network, (*stations.values(), "relay"), wired=("relay",), folder=folder) as wifi:
            streamer, browser = (
                {member: wifi.program(station, path) for member, station in stations.items()}
                for path in (STREAMER, CHROMIUM)
            )
            with FarRelay(folder, wifi) as relay:
                yield Scene(folder, rig, relay, streamer, browser)


class FarRelay(RelayProcess):
    """At a station of its own, where only the others of the Wi-Fi can ask it how it is."""

    def __init__(self, folder: Path, wifi: WiFi) -> None:
        super().__init__(
            folder / "relay", "--host", wifi.address("relay"), program=wifi.program("relay", STREAMER)
        )

    def wait_ready(self) -> None:
        wait_until(self._announced, 20, self.complaint)


def show(network: str, measured: Measured) -> None:
    print(ROW.format(network, "p50", "p95", "lost", "concealed", "claimed", "off by", "÷ WebRTC"))
    for name, rounds in measured.items():
        delays, rival = delays_of(rounds), delays_of(measured.get(RIVALS.get(name, ""), []))
        if not delays:
            print(f"{name:32} no chirp was heard")
            continue
        p50, p95 = statistics.median(delays), delays[int(0.95 * (len(delays) - 1))]
        lost = sum(each.lost for each in rounds)
        concealed = statistics.mean(each.concealed for each in rounds)
        claims = [each.claimed_ms for each in rounds if each.claimed_ms is not None]
        claimed = statistics.median(claims) if claims else None
        cells = [f"{p50:.1f} ms", f"{p95:.1f} ms", f"{lost}/{len(delays) + lost}", f"{100 * concealed:.1f} %"]
        cells += [f"{claimed:.0f} ms", f"{claimed - p50:+.1f} ms"] if claimed is not None else ["", ""]
        print(ROW.format(name, *cells, f"{p50 / statistics.median(rival):.2f}" if rival else ""))


def delays_of(rounds: list[Round]) -> list[float]:
    return sorted(delay for each in rounds for delay in each.delays)


def plot(network: str, measured: Measured) -> None:
    RESULTS.mkdir(exist_ok=True)
    figure, axes = plt.subplots(figsize=(10, 4))
    axes.boxplot([delays_of(rounds) for rounds in measured.values()], orientation="horizontal")
    axes.set(
        xlabel=f"ms from microphone to loudspeaker, {network}", yticklabels=list(measured), xlim=(0, None)
    )
    axes.invert_yaxis()
    figure.savefig(RESULTS / f"latency-{network}.png", dpi=110, bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    main()
