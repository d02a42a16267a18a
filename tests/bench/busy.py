"""Mouth to ear while other work takes a part of the machine: streamer's four pairs and plain WebRTC in one
run.

    scripts/bench busy [--pairs "phone → phone,WebRTC"] [--load 0,0.5,1,1.8] [--chirps 12] [--rounds 1]
                       [--calls N]

`--load` is how many cores other work wants, in bursts and at the same priority as browsers and clients: what
it gets is the scheduler's choice. The sound rig itself goes before all of them, so that its wires stay exact.
Delays are as in `scripts/bench latency`, without echo cancelling. "concealed" is what a jitter buffer made
up, as the listener says; "silent" is the share of milliseconds in which the loudspeaker had nothing to play,
as a wire says. "claimed" is the listener's live figure, and how far off it may be, as he says. "÷" is by
WebRTC's at the same load in the same run, of all rounds.

`--calls N` makes N calls of the first pair at the first load. It prints where their delay sits, by their own
figures, and the same for every call that takes over 1.5 times their median.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE / "latency"), str(HERE)]  # support has another busy.py

import busy as other_work  # noqa: E402
from latency import BOTH, OURS, delays_of, scene  # noqa: E402
from machine_steadiness import NICENESS  # noqa: E402
from pairs import Measure, Round, medians  # noqa: E402

RIVAL: Final = "WebRTC"
PAIRS: Final[dict[str, Measure]] = {
    name: pair for name, pair in (OURS | BOTH).items() if "musicians" not in name
}
FAR: Final = 1.5
"""Times the median: a call that is later has something wrong with it."""
ROW: Final = "{:6} {:20} {:>9} {:>9} {:>8} {:>10} {:>8} {:>11} {:>6}"

Measured = dict[str, list[Round]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", default=",".join(PAIRS), help="of " + ", ".join(PAIRS))
    parser.add_argument("--load", default="0,0.5,1,1.8", help="cores that other work wants")
    parser.add_argument("--chirps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--calls", type=int, default=0, help="of the first pair at the first load")
    options = parser.parse_args()
    names, loads = options.pairs.split(","), [float(load) for load in options.load.split(",")]
    if unknown := set(names) - set(PAIRS):
        parser.error(f"no such pair: {', '.join(unknown)}")
    if options.calls:
        calls = [measure(names[0], loads[0], options.chirps) for _ in range(options.calls)]
        print("\n".join(lines_of_calls(calls)))
        return
    measured: dict[float, Measured] = {load: {name: [] for name in names} for load in loads}
    for _ in range(options.rounds):
        for load in loads:
            for name in names:
                measured[load][name].append(measure(name, load, options.chirps))
    print(ROW.format("load", "pair", "p50", "p95", "lost", "concealed", "silent", "claimed", "÷"))
    for load in loads:
        print("\n".join(rows_of(load, measured[load])))


def measure(name: str, load: float, chirps: int) -> Round:
    with scene("clean") as here, other_work.busy(loops=load, niceness=NICENESS):
        call = PAIRS[name](here, chirps)
    took = f"{statistics.median(call.delays):.0f} ms" if call.delays else "no chirp was heard"
    missing = f"{100 * call.concealed:.1f} % concealed, {100 * call.silent:.1f} % silent"
    print(f"load {load}: {name}: {took}, {missing}", file=sys.stderr)
    return call


def rows_of(load: float, measured: Measured) -> Iterator[str]:
    rival = delays_of(measured.get(RIVAL, []))
    for name, rounds in measured.items():
        delays = delays_of(rounds)
        lost = sum(each.lost for each in rounds)
        if not delays:
            yield ROW.format(load, name, "–", "–", f"{lost}/{lost}", "", "", "", "")
            continue
        p50, p95 = statistics.median(delays), delays[int(0.95 * (len(delays) - 1))]
        concealed = statistics.mean(each.concealed for each in rounds)
        ratio = f"{p50 / statistics.median(rival):.2f}" if rival and name != RIVAL else ""
        silent = statistics.mean(each.silent for each in rounds)
        missing = f"{100 * concealed:.1f} %", f"{100 * silent:.1f} %"
        cells = f"{p50:.0f} ms", f"{p95:.0f} ms", f"{lost}/{lost + len(delays)}", *missing
        yield ROW.format(load, name, *cells, claim_of(rounds), ratio)


def claim_of(rounds: list[Round]) -> str:
    claims = [each.claimed_ms for each in rounds if each.claimed_ms is not None]
    errors = [each.error_ms for each in rounds if each.error_ms is not None]
    error = f" ± {statistics.median(errors):.0f}" if errors else ""
    return f"{statistics.median(claims):.0f}{error} ms" if claims else ""


def lines_of_calls(calls: list[Round]) -> Iterator[str]:
    """All calls in one line, where their delay sits, and those that are far off with their parts."""
    took = [statistics.median(each.delays) for each in calls if each.delays]
    if not took:
        yield "no chirp was heard in any call"
        return
    median, usual = statistics.median(took), medians([each.parts for each in calls])
    yield f"{len(calls)} calls: median {median:.0f} ms, " + " ".join(f"{ms:.0f}" for ms in sorted(took))
    if usual:
        yield "   " + ", ".join(f"{name} {ms:.0f}" for name, ms in usual.items())
    for number, call in enumerate(calls, 1):
        if not call.delays:
            yield f"call {number}: no chirp was heard"
        elif (took_ms := statistics.median(call.delays)) > FAR * median:
            yield f"call {number}: {took_ms:.0f} ms, {100 * call.concealed:.1f} % concealed"
            yield "   " + ", ".join(f"{name} {ms:.0f} ({usual[name]:.0f})" for name, ms in call.parts.items())


if __name__ == "__main__":
    main()
