"""What it would save a phone that packets of several talkers travel as one message, and what that costs in
delay.

    scripts/bench bundles [--rounds 8] [--seconds 3] [--talkers 2 3 6] [--windows off relay 0 1 2.5 5 20]

A window is how long a packet waits for those of others, in ms; 0 joins what the relay has read in one turn of
its loop. `relay` is what the relay does by itself; of that, messages are all writes, pongs too, and the p95
is the mean. One browser hears all of it in one call. In every round the talkers have other places in time,
and each window has its turn with them. A turn in which packets left late, since the machine had other work,
does not count.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
sys.path[:0] = [str(HERE / "browser"), str(HERE.parent / "support")]

from audio_rig import Rig, stop  # noqa: E402
from free_port import free_port  # noqa: E402
from room import JOIN, MAY_JOIN  # noqa: E402
from spread_talkers import SpreadTalkers  # noqa: E402
from thread_cost import OF_A_MESSAGE, WHOLE, Spent, spent_by  # noqa: E402
from unwatched import Unwatched, unwatched  # noqa: E402

from streamer.audio_format import FRAME_MS  # noqa: E402
from streamer.wire.room_link import Address  # noqa: E402

OFF: Final = "off"
WINDOWS: Final = (OFF, "relay", "0", "1", "2.5", "5", "20")
"""The last only says what a message costs: nobody would wait so long."""
PARTS: Final = tuple(OF_A_MESSAGE.values())
WARM_UP_S: Final = 8
SETTLE_S: Final = 0.4
LATE_MS: Final = 4
"""Of the 95th percentile: packets that left later were joined by the machine, not by the relay."""
MISSING: Final = 0.03

Turns = dict[tuple[int, str], list["Turn"]]
"""By the number of talkers and the window."""


@dataclass
class Turn:
    cost: Spent
    """In % of a core."""
    messages_per_s: float
    waited_ms: list[float]


def main() -> None:
    options = parse_options()
    turns: Turns = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, call(Path(folder), max(options.talkers)) as measured:
        rng = random.Random(options.seed)
        for number in range(options.rounds):
            print(f"round {number + 1} …", file=sys.stderr)
            phases_ms = [rng.uniform(0, FRAME_MS) for _ in range(max(options.talkers))]
            for talking in options.talkers:
                measured.talkers.move(phases_ms)
                measured.talkers.talking = talking
                for window in rng.sample(options.windows, len(options.windows)):
                    if turn := measured.turn(window, options.seconds):
                        turns[talking, window].append(turn)
    for talking in options.talkers:
        show(
            talking, {window: turns[talking, window] for window in options.windows if turns[talking, window]}
        )


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--talkers", type=int, nargs="+", default=[2, 3, 6])
    parser.add_argument("--windows", nargs="+", default=list(WINDOWS))
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


@dataclass
class Measured:
    browser: Unwatched
    talkers: SpreadTalkers
    relay: "subprocess.Popen[str]"

    def turn(self, window: str, seconds: float) -> Turn | None:
        """None where the machine had no time for it."""
        self._ask(window)
        time.sleep(SETTLE_S)
        self._ask(window)  # and forget what it tells
        self.talkers.late_ms.clear()
        before, began = spent_by(self.browser.pid), time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        after, late_ms = spent_by(self.browser.pid), sorted(self.talkers.late_ms)
        messages, waited_ms = self._ask(window)
        due = self.talkers.talking * took * 1000 / FRAME_MS
        if abs(len(late_ms) / due - 1) > MISSING or late_ms[int(0.95 * len(late_ms))] > LATE_MS:
            return None
        cost = {part: 100 * (after[part] - before[part]) / took for part in (*PARTS, WHOLE)}
        return Turn(cost, messages / took, waited_ms)

    def _ask(self, window: str) -> tuple[int, list[float]]:
        assert self.relay.stdin
        assert self.relay.stdout
        self.relay.stdin.write(f"{window}\n")
        self.relay.stdin.flush()
        messages, waited_ms = json.loads(self.relay.stdout.readline())
        return messages, waited_ms


@contextmanager
def call(folder: Path, count: int) -> Iterator[Measured]:
    with Rig(members=1) as rig, bundling_relay(folder / "authority") as (port, relay):
        authority = folder / "authority/ca.pem"
        with (
            SpreadTalkers(Address(True, "127.0.0.1", port, "home", ""), authority, count) as talkers,
            unwatched(
                folder / "browser", rig, 0, authority, f"https://127.0.0.1:{port}/#room=home"
            ) as browser,
        ):
            browser.wait_for(MAY_JOIN)
            browser.evaluate(JOIN)
            rig.wait_attached(0)
            browser.wait_for("document.querySelector('[data-state=joined]') !== null")
            measured = Measured(browser, talkers, relay)
            talkers.move([0.0] * count)
            talkers.talking = count
            measured.turn(OFF, WARM_UP_S)
            yield measured


@contextmanager
def bundling_relay(folder: Path) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    port = free_port()
    command = [sys.executable, str(HERE / "browser/bundling_relay.py"), str(port), str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield port, process
    finally:
        stop(process)


def show(talking: int, by_window: dict[str, list[Turn]]) -> None:
    print(f"\n{talking} talkers; CPU in % of a core, medians")
    heads = ("window", "messages/s", "waited ms", "p95", *PARTS, WHOLE, "lowest", "highest", "÷ off", "turns")
    print("".join(f"{head:>12}" for head in heads))
    for window, turns in by_window.items():
        whole = [turn.cost[WHOLE] for turn in turns]
        waited = sorted(ms for turn in turns for ms in turn.waited_ms) or [0.0]
        figures = [median(turn.messages_per_s for turn in turns), statistics.fmean(waited)]
        figures += [waited[int(0.95 * len(waited))]]
        figures += [median(turn.cost[part] for turn in turns) for part in PARTS]
        figures += [median(whole), min(whole), max(whole)]
        off = [turn.cost[WHOLE] for turn in by_window.get(OFF, ())]
        ratio = f"{median(whole) / median(off):.3f}" if off else ""
        cells = (f"{figure:12.1f}" for figure in figures)
        print(f"{window:>12}" + "".join(cells) + f"{ratio:>12}{len(turns):>12}")


def median(figures: "Iterator[float] | list[float]") -> float:
    return statistics.median(figures)


if __name__ == "__main__":
    main()
