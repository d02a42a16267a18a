"""Whether the machine kept time: sound on one that stands still now and then says nothing of the program.

A virtual machine that its host stops for 30 ms chops what the rig plays, as no loudspeaker would. So a process of its
own, as urgent as the rig's sound where that is allowed, wakes every few milliseconds, and tells when it woke late. Our
own load doesn't delay it then: only what stops everything does.
"""

import contextlib
import os
import subprocess
import sys
import time
from typing import Final, NoReturn, Self

EVERY_MS: Final = 5
LATE_MS: Final = 15
"""More than the 10 ms that the rig's own streams have in store."""
URGENCY: Final = 5
"""A real-time priority: what PulseAudio gives its own threads."""
NICENESS: Final = -15
"""28 times the share of a process that asked for nothing; PulseAudio asks for −11."""


class Steadiness:
    """Watches the machine for as long as the block lasts."""

    def __init__(self) -> None:
        self._late_ms: list[float] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._process.stdout.readline()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        told, _ = self._process.communicate()
        self._late_ms = [float(line) for line in told.splitlines()]

    @property
    def stood_still(self) -> bool:
        return bool(self._late_ms)

    def __str__(self) -> str:
        if not self.stood_still:
            return "the machine kept time"
        return f"the machine stood still {len(self._late_ms)} times, for up to {max(self._late_ms):.0f} ms"


def make_urgent(pid: int) -> None:
    """Give a process PulseAudio's own urgency, where that is allowed."""
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(URGENCY))


def take_precedence() -> None:
    """Let this process and what it starts go before what only computes, where that is allowed.

    A phone's system does so for a call, too. What is left is what a machine does to a call that it gives precedence.
    """
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def tell_late_wakes() -> NoReturn:
    make_urgent(os.getpid())
    print("watching", flush=True)
    while True:
        asleep = time.monotonic()
        time.sleep(EVERY_MS / 1000)
        late_ms = (time.monotonic() - asleep) * 1000 - EVERY_MS
        if late_ms > LATE_MS:
            print(f"{late_ms:.1f}", flush=True)


if __name__ == "__main__":
    tell_late_wakes()
