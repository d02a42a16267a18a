"""First starts, killed at random moments and two at once; afterwards the relay must serve.

scripts/bench starts [--count N] [--seed N]
"""

import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from starts import after_a_killed_first_start, moments, two_first_starts

COUNT = 50


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    faults: list[str] = []
    for moment in moments(options.count, options.seed):
        with tempfile.TemporaryDirectory() as folder:
            faults += filter(None, [after_a_killed_first_start(Path(folder), moment)])
    print(f"{options.count} first starts killed: {len(faults)} did not serve afterwards")
    killed = len(faults)
    for _ in range(options.count):
        with tempfile.TemporaryDirectory() as folder:
            faults += filter(None, [two_first_starts(Path(folder))])
    print(f"{options.count} times two first starts at once: {len(faults) - killed} went wrong")
    print("\n".join(faults))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
