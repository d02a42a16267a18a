"""What a person waits for and sees move: from Join to talking, shifts of the page while somebody talks, its
weight.

    scripts/bench page [--joins 5] [--seconds 60]
"""

import argparse
import re
import ssl
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Final

sys.path[:0] = [str(Path(__file__).parents[1] / "support")]

import numpy as np  # noqa: E402
from audio_rig import Rig  # noqa: E402
from phone import Phone, Phones  # noqa: E402
from processes import RelayProcess  # noqa: E402
from sound import noise, speech  # noqa: E402
from synthetic_room import crowd  # noqa: E402

SILENT: Final = 4
"""Members beside the two phones: tiles whose places could change."""
PAUSE_MS: Final = 2_500
"""Longer than a talker keeps its place on the stage."""
LOOK_S: Final = 0.005
OBSERVE: Final = """() => {
    globalThis.shifts = [];
    const keep = (list) => shifts.push(...list.getEntries().filter((each) => !each.hadRecentInput));
    new PerformanceObserver(keep).observe({ type: "layout-shift" });
}"""


MOVED: Final = """() => [...new Set(shifts.flatMap(({ sources }) => sources.map(({ node }) =>
    node?.nodeType === 1 ? `${node.tagName} ${node.id} ${node.className}` : node?.parentElement?.className,
)))].join(", ")"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--joins", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Rig() as rig,
        RelayProcess(Path(folder) / "relay") as relay,
        Phones(Path(folder) / "phones") as phones,
    ):
        phone = phones.start(rig, 0, relay.authority)
        requests: list[object] = []
        phone.context.on("requestfinished", lambda request: requests.append(request))
        phone.open(relay.link).page.wait_for_load_state("networkidle")
        sizes = (request.sizes() for request in requests)  # type: ignore[attr-defined]
        weight = sum(each["responseBodySize"] for each in sizes)
        print(
            f"weight of the page up to Join, as it travels: {weight / 1000:.0f} kB in {len(requests)} "
            "requests"
        )
        took_s = [join(phone, rig, relay) for _ in range(options.joins)]
        print(
            f"from Join to the first packet: median {statistics.median(took_s):.2f} s, longest "
            f"{max(took_s):.2f} s"
        )
        phone.open(relay.link).join("Anna")
        other = phones.start(rig, 1, relay.authority).open(relay.link).join("Ben")
        rig.wait_attached(1)
        with crowd(relay, SILENT):
            print_shifts(phone, other, rig, options.seconds)


def join(phone: Phone, rig: Rig, relay: RelayProcess) -> float:
    """In s, from the press of Join to the first packet at the relay; the microphone hears a noise all the
    while."""
    phone.open(relay.link).page.wait_for_load_state("networkidle")
    before, playing = packets_at(relay), rig.play(rig.microphone(0), noise(30))
    began = time.monotonic()
    phone.press("Join")
    while packets_at(relay) == before:
        time.sleep(LOOK_S)
    took_s = time.monotonic() - began
    playing.stop()
    phone.press("Leave")
    return took_s


def packets_at(relay: RelayProcess) -> int:
    context = ssl.create_default_context(cafile=str(relay.authority))
    with urllib.request.urlopen(f"{relay.origin}/metrics", timeout=5, context=context) as answer:
        found = re.search(r"^streamer_packets_in_total (\d+)", answer.read().decode(), re.MULTILINE)
    assert found
    return int(found[1])


def print_shifts(phone: Phone, other: Phone, rig: Rig, seconds: float) -> None:
    """`other` talks and is silent by turns."""
    phone.page.wait_for_timeout(PAUSE_MS)
    phone.page.evaluate(OBSERVE)
    end, turns = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        rig.play(rig.microphone(1), np.asarray(speech())).wait()
        phone.page.wait_for_timeout(PAUSE_MS)
        turns += 1
    score = phone.page.evaluate("shifts.reduce((sum, { value }) => sum + value, 0)")
    moved = phone.page.evaluate(MOVED)
    seen = phone.page.locator("main button[data-talker]").count()
    what = f"; moved: {moved}" if moved else ""
    print(f"layout-shift score in {seconds:.0f} s, {seen} people, {turns} turns of talk: {score:g}{what}")
    assert other.errors == []


if __name__ == "__main__":
    main()
