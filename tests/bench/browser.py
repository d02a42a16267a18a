"""What a phone's browser has to do while six talk: streamer and plain WebRTC, in one run.

    scripts/bench browser [--talkers 6] [--seconds 20] [--rounds 2]

CPU time of all the processes of one Chromium that hears everybody and talks itself, with echo cancelling, over what
passes meanwhile, and where it goes. The talkers run elsewhere and are not counted.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
sys.path[:0] = [str(HERE / "browser"), str(HERE.parent / "support")]

from audio_rig import Rig  # noqa: E402
from cost import KINDS, Cost, cost_of  # noqa: E402
from processes import RelayProcess  # noqa: E402
from room import room, words_for  # noqa: E402
from unwatched import Unwatched, unwatched  # noqa: E402

PEER: Final = (HERE / "latency/webrtc.js").read_text()
MANY: Final = (HERE / "browser/many.js").read_text()
SETTLE_S: Final = 8
TALK_S: Final = 60
"""Beyond what is measured."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--talkers", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    services = {"streamer": streamer, "WebRTC": webrtc}
    shares: dict[str, list[Cost]] = {name: [] for name in services}
    for _ in range(options.rounds):
        for name, service in services.items():
            with (
                tempfile.TemporaryDirectory() as folder,
                service(Path(folder), options.talkers, options.seconds) as browser,
            ):
                shares[name].append(share_of_a_core(browser, options.seconds))
    print_table(shares)


def share_of_a_core(browser: Unwatched, seconds: float) -> Cost:
    time.sleep(SETTLE_S)
    before = cost_of(browser.pid)
    time.sleep(seconds)
    after = cost_of(browser.pid)
    return Cost({kind: (after[kind] - before[kind]) / seconds for kind in KINDS})


def print_table(shares: dict[str, list[Cost]]) -> None:
    print(f"{'% of a core':14}" + "".join(f"{name:>10}" for name in shares))
    for kind in KINDS:
        print(f"{kind:14}" + "".join(f"{100 * median(costs, kind):10.1f}" for costs in shares.values()))
    wholes = {name: [cost.total() for cost in costs] for name, costs in shares.items()}
    medians = {name: statistics.median(whole) for name, whole in wholes.items()}
    print(f"{'together':14}" + "".join(f"{100 * medians[name]:10.1f}" for name in shares))
    for name, whole in wholes.items():
        print(f"each round of {name}: {', '.join(f'{100 * share:.1f}' for share in whole)}")
    print(f"streamer ÷ WebRTC: {medians['streamer'] / medians['WebRTC']:.2f}")


def median(costs: list[Cost], kind: str) -> float:
    return statistics.median(cost[kind] for cost in costs)


@contextmanager
def streamer(folder: Path, talkers: int, seconds: float) -> Iterator[Unwatched]:
    with room(folder, talkers, seconds + TALK_S) as where:
        where.say(seconds + TALK_S)
        yield where.browser


@contextmanager
def webrtc(folder: Path, talkers: int, seconds: float) -> Iterator[Unwatched]:
    with Rig(members=2) as rig, RelayProcess(folder / "relay") as relay, ExitStack() as stack:
        talker, listener = (
            stack.enter_context(unwatched(folder / name, rig, member, relay.authority, f"{relay.origin}/healthz"))
            for member, name in ((1, "talker"), (0, "listener"))
        )
        connect(talker, listener, talkers)
        for member in (0, 1):
            rig.play(rig.microphone(member), words_for(seconds + TALK_S))
        yield listener


def connect(talker: Unwatched, listener: Unwatched, talkers: int) -> None:
    for browser in (talker, listener):
        browser.evaluate(f"{PEER}\n{MANY}")
    offers = talker.evaluate(f"many.offers({talkers})")
    answers = listener.evaluate(f"many.answers({json.dumps(offers)})")
    talker.evaluate(f"many.accept({json.dumps(answers)})")


if __name__ == "__main__":
    main()
