"""How soon a device obeys again, and is listed once: after its process was killed, its network cut, its relay
killed.

    scripts/bench devices [--rounds 20] [--seed N]
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from hard_life import live, live_behind_gateway


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    print(f"{options.rounds} rounds, seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        show(asyncio.run(live(Path(folder), options.rounds, options.seed)))
    print("50 devices behind a gateway: until all obey, one after the other")
    with tempfile.TemporaryDirectory() as folder:
        show(asyncio.run(live_behind_gateway(Path(folder), options.rounds, options.seed)))


def show(took: list[tuple[str, float]]) -> None:
    print(
        f"{'what happened':<14}{'rounds':>7}{'median':>9}{'longest':>9}   until it obeys and is listed once"
    )
    for kind in dict.fromkeys(kind for kind, _ in took):
        times = [seconds for each, seconds in took if each == kind]
        if times:
            print(f"{kind:<14}{len(times):>7}{statistics.median(times):>8.2f} s{max(times):>8.2f} s")


if __name__ == "__main__":
    main()
