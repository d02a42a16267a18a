"""What a room costs in which every microphone is open, by its size: with everybody heard, and with the 6
loudest.

    scripts/bench room [--rounds 3] [--seconds 3] [--sizes 10 20 50 100 200] [--plot FILE.svg]

The relay runs on one core and the load generator, in C, on another. CPU is the relay's own per second of the
room. The growth is the slope of a line through the logarithms: 1 is linear, 2 the square. It is taken from
LARGE members on: in smaller rooms the packets that come in cost more than those that go out. Drawn are all
sizes, on logarithmic axes; a hollow point is of a relay that did not deliver everything.
"""

import argparse
import math
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from relay import LOUDEST, OURS, Bench, Case
from rich.console import Console
from rich.table import Table

SIZES: Final = (10, 20, 50, 100, 200)
LARGE: Final = 20
LOST: Final = 0.01
"""Of the packets: a relay that loses more has no processor left, and its cost is not that of the room."""
RATE: Final = 50
"""Packets a second of each talker, as of a phone that sends 20 ms at a time."""

BAR: Final = 60
"""Characters of the longest bar."""

Costs = dict[str, dict[int, list[float]]]
"""Of each relay, by the room's size: one figure a round, in % of a core."""
Lost = Mapping[tuple[str, int], float]
"""By the relay and the room's size: which part of the packets was not delivered, in the last round."""


def main() -> None:
    options = parse_options()
    costs: Costs = {relay: {size: [] for size in options.sizes} for relay in (OURS, LOUDEST)}
    lost: dict[tuple[str, int], float] = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.seconds)
        for number in range(options.rounds):
            for size in options.sizes:
                for relay, by_size in costs.items():
                    print(f"round {number + 1}, {size} members, {relay} …", file=sys.stderr)
                    case = Case("", rooms=1, members=size, talkers=size, rate=RATE)
                    result = bench.measure(case, relay)
                    by_size[size].append(result["cpu_us"] / result["seconds"] / 1e4)
                    lost[relay, size] = result["lost"]
    show(costs, lost)
    if options.plot:
        options.plot.write_text(plot(costs, lost))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--plot", type=Path, help="write a drawing of it there (SVG)")
    return parser.parse_args()


def show(costs: Costs, lost: Lost) -> None:
    sizes = list(costs[OURS])
    table = Table(
        "members, all talking", *costs, "largest ÷ smallest round", "not delivered, everybody heard"
    )
    for size in sizes:
        cells = [f"{statistics.median(by_size[size]):.1f} %" for by_size in costs.values()]
        spread = max(max(by_size[size]) / min(by_size[size]) for by_size in costs.values())
        table.add_row(str(size), *cells, f"{spread:.2f}", f"{lost[OURS, size]:.0%}")
    console = Console(width=150)
    console.print(table)
    console.print(
        "A relay that does not deliver everything has no processor left: it is left out of the growth."
    )
    for line in bars(costs, lost):
        console.print(line)
    for relay in costs:
        console.print(growth_in_words(relay, costs, lost))


def is_whole(relay: str, size: int, lost: Lost) -> bool:
    """Whether it delivered what it had to; the loudest are meant to be less than everything."""
    return relay == LOUDEST or lost[relay, size] < LOST


def growth_in_words(relay: str, costs: Costs, lost: Lost) -> str:
    by_size = costs[relay].items()
    whole = {size: rounds for size, rounds in by_size if size >= LARGE and is_whole(relay, size, lost)}
    return f"{relay}: CPU grows with the power {growth(whole):.2f} of the members, from {LARGE} on"


def bars(costs: Costs, lost: Lost) -> Iterator[str]:
    """A bar for each size, as long as the logarithm of its cost: equal steps are equal factors."""
    medians = {
        relay: {size: statistics.median(rounds) for size, rounds in costs[relay].items()} for relay in costs
    }
    every = [cost for by_size in medians.values() for cost in by_size.values()]
    length_of = scale(min(every), max(every), 1, BAR)
    for relay, by_size in medians.items():
        yield f"\n{relay}, CPU on a logarithmic axis"
        for size, cost in by_size.items():
            mark = "█" if is_whole(relay, size, lost) else "░"
            yield f"{size:6} {mark * round(length_of(cost))} {cost:.1f} %"


def growth(by_size: Mapping[int, Sequence[float]]) -> float:
    """The slope of the line of least squares through the logarithms."""
    points = [(math.log(size), math.log(statistics.median(costs))) for size, costs in by_size.items()]
    return statistics.linear_regression(*zip(*points, strict=True)).slope if len(points) > 1 else math.nan


def plot(costs: Costs, lost: Lost) -> str:
    """Both axes are logarithmic: the slope is the growth."""
    width, height, margin = 640, 400, 50
    sizes = list(costs[OURS])
    every = [statistics.median(rounds) for by_size in costs.values() for rounds in by_size.values()]
    x_of = scale(min(sizes), max(sizes), margin, width - margin)
    y_of = scale(min(every), max(every), height - margin, margin)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
    parts = [f'{svg} font-family="sans-serif" font-size="12">']
    for row, ((relay, by_size), colour) in enumerate(zip(costs.items(), ("#b3261e", "#1a6e5c"), strict=True)):
        points = {size: (x_of(size), y_of(statistics.median(rounds))) for size, rounds in by_size.items()}
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points.values())
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for size, (x, y) in points.items():
            fill = colour if is_whole(relay, size, lost) else "#fff"
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" stroke="{colour}"/>')
        words = growth_in_words(relay, costs, lost)
        parts.append(f'<text x="{margin}" y="{16 + 16 * row}" fill="{colour}">{words}</text>')
    parts += [
        f'<text x="{x_of(size):.1f}" y="{height - 25}" text-anchor="middle">{size}</text>' for size in sizes
    ]
    parts.append(f'<text x="{width / 2}" y="{height - 6}" text-anchor="middle">members, all talking</text>')
    low, high = min(every), max(every)
    parts += [f'<text x="4" y="{y_of(value):.1f}">{value:.1f} %</text>' for value in (low, high)]
    return "\n".join([*parts, "</svg>"])


def scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """From a logarithmic axis to where that is in the drawing."""

    def place(value: float) -> float:
        share = math.log(value / low) / math.log(high / low) if high > low else 0.5
        return start + share * (end - start)

    return place


if __name__ == "__main__":
    main()
