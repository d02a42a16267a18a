"""Makes this machine busy for a while, to see that tests do not mind; ends by itself.

    .venv/bin/python tests/support/busy.py [--loops 1] [--holds] [--seconds 600]

A loop takes what it gets of one core. A hold takes every core from all else for 40 to 140 ms, once a second, as the
host of a virtual machine does: by a real-time priority, where that is allowed, above that of anybody's sound.
"""

import argparse
import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Final

HOLD_MS: Final = (40, 140)
EVERY_S: Final = 1.0
LONGEST_S: Final = 3_600
"""Whatever is asked for: nobody's machine is to stay busy."""
URGENCY: Final = 90
"""Of a real-time priority; PulseAudio has 5."""


@contextlib.contextmanager
def busy(loops: int = 0, holds: bool = False, seconds: float = LONGEST_S) -> Iterator[None]:
    """Make the machine busy for as long as the block lasts, at most for `seconds`."""
    options = ["--loops", str(loops), "--seconds", str(seconds), *(["--holds"] if holds else [])]
    process = subprocess.Popen([sys.executable, __file__, *options])
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--loops", type=int, default=0, help="how many busy loops")
    parser.add_argument("--holds", action="store_true", help="hold every core for 40 to 140 ms each second")
    parser.add_argument("--seconds", type=float, default=600)
    options = parser.parse_args()
    until = time.monotonic() + min(options.seconds, LONGEST_S)
    parent = os.getpid()
    for _ in range(options.loops):
        if not os.fork():
            spin(parent, until)
    if options.holds:
        for core in os.sched_getaffinity(0):
            if not os.fork():
                hold(parent, core, until)
    while time.monotonic() < until:
        time.sleep(0.2)  # who ends this process ends the others: they look for it


def spin(parent: int, until: float) -> None:
    while time.monotonic() < until and os.getppid() == parent:
        for _ in range(100_000):
            pass
    os._exit(0)


def hold(parent: int, core: int, until: float) -> None:
    """All holders draw the same lengths, and begin at the same moments of the clock."""
    os.sched_setaffinity(0, {core})
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(URGENCY))
    while time.monotonic() < until and os.getppid() == parent:
        now = time.monotonic()
        begins = (now // EVERY_S + 1) * EVERY_S
        time.sleep(begins - now)
        ends = begins + random.Random(begins).uniform(*HOLD_MS) / 1000
        while time.monotonic() < ends:
            pass
    os._exit(0)


if __name__ == "__main__":
    main()
