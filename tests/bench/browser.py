"""What a phone's browser has to do for what people do: streamer and plain WebRTC, in one run.

    scripts/bench browser [--state "six talkers"] [--seconds 20] [--rounds 2] [--threads]

CPU time of all the processes of one Chromium with echo cancelling, over what passes meanwhile, and where it
goes. The others run elsewhere and are not counted. Where nobody else is there, the rival holds a call with
one silent partner.
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
from typing import Final, NamedTuple

HERE: Final = Path(__file__).parent
sys.path[:0] = [str(HERE / "browser"), str(HERE.parent / "support")]

from audio_rig import Rig  # noqa: E402
from cost import KINDS, Cost, cost_of  # noqa: E402
from processes import RelayProcess  # noqa: E402
from room import room, words_for  # noqa: E402
from threads import print_threads, threads_of  # noqa: E402
from unwatched import Unwatched, unwatched  # noqa: E402

PEER: Final = (HERE / "latency/webrtc.js").read_text()
MANY: Final = (HERE / "browser/many.js").read_text()
SETTLE_S: Final = 14
"""Of a page that is alone, the sound rests by then."""
TALK_S: Final = 60
"""Beyond what is measured."""


class State(NamedTuple):
    talkers: int
    """Others, all of whom talk at once."""
    speaks: bool
    """The one whose browser is measured does."""


STATES: Final = {
    "alone, silent": State(0, False),
    "talking oneself": State(0, True),
    "one talker": State(1, False),
    "two talkers": State(2, False),
    "six talkers": State(6, False),
    "six talkers and oneself": State(6, True),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--state", choices=STATES, help="this one alone")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", action="store_true", help="what each thread spends, too")
    options = parser.parse_args()
    for name, state in STATES.items():
        if options.state in (None, name):
            print_table(name, measure(state, options.seconds, options.rounds, options.threads))


def measure(state: State, seconds: float, rounds: int, threads: bool) -> dict[str, list[Cost]]:
    """What each service costs, round by round, in turns."""
    services = {"streamer": streamer, "WebRTC": webrtc}
    shares: dict[str, list[Cost]] = {name: [] for name in services}
    for _ in range(rounds):
        for name, service in services.items():
            with tempfile.TemporaryDirectory() as folder, service(Path(folder), state, seconds) as browser:
                shares[name].append(share_of_a_core(browser, seconds, name if threads else ""))
    return shares


def share_of_a_core(browser: Unwatched, seconds: float, title: str) -> Cost:
    """Of each thread, too, where there is a title to print above them."""
    time.sleep(SETTLE_S)
    before, threads_before = cost_of(browser.pid), threads_of(browser.pid)
    time.sleep(seconds)
    after, threads_after = cost_of(browser.pid), threads_of(browser.pid)
    if title:
        print(title)
        print_threads(threads_before, threads_after, seconds)
    return Cost({kind: (after[kind] - before[kind]) / seconds for kind in KINDS})


def print_table(state: str, shares: dict[str, list[Cost]]) -> None:
    print(f"{state}\n{'% of a core':14}" + "".join(f"{name:>10}" for name in shares))
    for kind in KINDS:
        print(f"{kind:14}" + "".join(f"{100 * median(costs, kind):10.1f}" for costs in shares.values()))
    wholes = {name: [cost.total() for cost in costs] for name, costs in shares.items()}
    medians = {name: statistics.median(whole) for name, whole in wholes.items()}
    print(f"{'together':14}" + "".join(f"{100 * medians[name]:10.1f}" for name in shares))
    for name, whole in wholes.items():
        print(f"each round of {name}: {', '.join(f'{100 * share:.1f}' for share in whole)}")
    print(f"streamer ÷ WebRTC: {medians['streamer'] / medians['WebRTC']:.2f}\n", flush=True)


def median(costs: list[Cost], kind: str) -> float:
    return statistics.median(cost[kind] for cost in costs)


@contextmanager
def streamer(folder: Path, state: State, seconds: float) -> Iterator[Unwatched]:
    with room(folder, state.talkers, seconds + TALK_S) as where:
        if state.speaks:
            where.say(seconds + TALK_S)
        yield where.browser


@contextmanager
def webrtc(folder: Path, state: State, seconds: float) -> Iterator[Unwatched]:
    with Rig(members=2) as rig, RelayProcess(folder / "relay") as relay, ExitStack() as stack:
        talker, listener = (
            stack.enter_context(
                unwatched(folder / name, rig, member, relay.authority, f"{relay.origin}/healthz")
            )
            for member, name in ((1, "talker"), (0, "listener"))
        )
        connect(talker, listener, max(1, state.talkers))
        for member, talks in ((0, state.speaks), (1, state.talkers > 0)):
            if talks:
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
