"""Makes this machine busy for a while, to see that tests do not mind; ends by itself.

    .venv/bin/python tests/support/busy.py [--loops 1.5] [--holds] [--niceness 0] [--seconds 600]

A loop takes what it gets of one core; a part of one works for that part of each BURST_S. A hold takes every
core from all else for 40 to 140 ms, once a second, as the host of a virtual machine does: by a real-time
priority, where that is allowed, above that of anybody's sound.
"""

import argparse
import contextlib
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Final

HOLD_MS: Final = (40, 140)
EVERY_S: Final = 1.0
BURST_S: Final = 0.05
"""Longer than a scheduler's turn, shorter than a jitter buffer's memory: as programs are that draw or
compress."""
LONGEST_S: Final = 3_600
"""Whatever is asked for: nobody's machine is to stay busy."""
URGENCY: Final = 90
"""Of a real-time priority; PulseAudio has 5."""


@contextlib.contextmanager
def busy(
    loops: float = 0, holds: bool = False, seconds: float = LONGEST_S, niceness: int = 0
) -> Iterator[None]:
    """Make the machine busy for as long as the block lasts, at most for `seconds`."""
    options = ["--loops", str(loops), "--seconds", str(seconds), "--niceness", str(niceness)]
    options += ["--holds"] if holds else []
    process = subprocess.Popen([sys.executable, __file__, *options])
    try:
        yield
        assert not process.poll(), "the machine was not kept busy; see above"
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--loops", type=float, default=0, help="how many busy loops")
    parser.add_argument("--niceness", type=int, default=0, help="−15 is that of the sound rig's own programs")
    parser.add_argument("--holds", action="store_true", help="hold every core for 40 to 140 ms each second")
    parser.add_argument("--seconds", type=float, default=600)
    options = parser.parse_args()
    until = time.monotonic() + min(options.seconds, LONGEST_S)
    parent, starter = os.getpid(), os.getppid()
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, options.niceness)
    for number in range(math.ceil(options.loops)):
        if not os.fork():
            spin(parent, until, min(1, options.loops - number))
    if options.holds:
        for core in os.sched_getaffinity(0):
            if not os.fork():
                hold(parent, core, until)
    while time.monotonic() < until and os.getppid() == starter:
        time.sleep(0.2)  # who ends this process ends the others: they look for it


def spin(parent: int, until: float, part: float) -> None:
    while time.monotonic() < until and os.getppid() == parent:
        works = time.monotonic() + part * BURST_S
        while time.monotonic() < works:
            pass
        if part < 1:
            time.sleep((1 - part) * BURST_S)
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
