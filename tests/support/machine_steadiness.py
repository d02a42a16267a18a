"""How steadily the machine ran during a test: late wake-ups, processor time taken by others, load.

A failing test prints it, so that the reader knows whether to suspect the machine. It never decides whether a
test passes; but a delay may be larger by as much as the machine stood still. A thread would wait for the
interpreter's lock; so a small process of its own wakes every few milliseconds and counts how often it woke
late.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple, NoReturn, Self

EVERY_MS: Final = 5
"""Finer than the 10 ms of an audio packet; at this rate the process takes under 1 % of a core."""
LATE_MS: Final = 15
"""More than the 10 ms that the rig's own streams have in store."""
URGENCY: Final = 5
"""A real-time priority: what PulseAudio gives its own threads."""
NICENESS: Final = -15
"""28 times the share of a process that asked for nothing; PulseAudio asks for −11."""
CPU_GROUP: Final = Path("/sys/fs/cgroup/cpu/streamer-tests")
CPU_GROUP_SETTINGS: Final = {"cpu.shares": 28 * 1024, "cpu.rt_runtime_us": 900_000}
"""As many times the share of others as NICENESS gives; and, of each second, what threads with a real-time
priority may take: some systems allow none otherwise."""
ENDS_S: Final = 5


class Jiffies(NamedTuple):
    """Processor time since the start of the machine, from the first line of /proc/stat."""

    busy: int
    idle: int
    stolen: int

    @classmethod
    def read(cls) -> Self:
        """All zeros where there is no /proc/stat."""
        try:
            with open("/proc/stat") as file:
                fields = [int(field) for field in file.readline().split()[1:9]]
        except (OSError, ValueError):
            return cls(0, 0, 0)
        user, nice, system, idle, io_wait, interrupt, soft_interrupt, stolen = fields
        return cls(user + nice + system + interrupt + soft_interrupt, idle + io_wait, stolen)


class Steadiness:
    """Watches the machine for as long as the block lasts; afterwards, `str` describes it in one line."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._late_ms: list[float] = []
        self._seconds = 0.0
        self._busy = self._stolen = 0.0

    def __enter__(self) -> Self:
        self._began, self._jiffies = time.monotonic(), Jiffies.read()
        self._process = subprocess.Popen([sys.executable, "-S", __file__], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._process.stdout.readline()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Describe what was until now; what comes after it no longer counts."""
        if self._process is None:
            return
        process, self._process = self._process, None
        self._seconds = time.monotonic() - self._began
        process.terminate()
        try:
            output, _errors = process.communicate(timeout=ENDS_S)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _errors = process.communicate()
        self._late_ms = [float(line) for line in output.splitlines()]
        self._share_out(Jiffies.read())

    @property
    def stood_still(self) -> bool:
        return bool(self._late_ms)

    @property
    def worst_ms(self) -> float:
        """How late the latest wake-up was; 0 where none was late."""
        return max(self._late_ms, default=0.0)

    def __str__(self) -> str:
        return f"{self._wake_ups}; {self._processors}"

    @property
    def _wake_ups(self) -> str:
        if not self._late_ms:
            return "the machine kept time"
        lateness = f"{len(self._late_ms)} wake-ups were over {LATE_MS} ms late in {self._seconds:.0f} s"
        return f"{lateness}, the worst {self.worst_ms:.0f} ms"

    @property
    def _processors(self) -> str:
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0
        shares = f"busy {self._busy:.0%}, stolen by the host {self._stolen:.0%}"
        return f"its {os.cpu_count()} processors were {shares}; load {load:.1f}"

    def _share_out(self, now: Jiffies) -> None:
        busy, idle, stolen = (after - before for after, before in zip(now, self._jiffies, strict=True))
        total = busy + idle + stolen
        if total > 0:
            self._busy, self._stolen = busy / total, stolen / total


def make_urgent(pid: int) -> None:
    """Give a process PulseAudio's own urgency, where that is allowed."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(URGENCY))


def take_precedence(pid: int = 0) -> None:
    """Let this process, or another, and what it starts go before what only computes, where that is allowed.

    A phone's system does so for a call, too. What is left is what a machine does to a call that it gives
    precedence.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
    _share_one_group(pid or os.getpid())


def _share_one_group(pid: int) -> None:
    """Let Linux share its time among the threads of all programs of a test.

    Otherwise it shares it among sessions first (autogroup), and each browser begins one of its own. Beside a
    busy loop in the session of the tests, browsers then wait for up to 200 ms.
    """
    try:
        CPU_GROUP.mkdir(exist_ok=True)
        for name, value in CPU_GROUP_SETTINGS.items():
            if (CPU_GROUP / name).exists():
                (CPU_GROUP / name).write_text(str(value))
        (CPU_GROUP / "cgroup.procs").write_text(str(pid))
    except OSError:  # then let its session go first at least
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(NICENESS))


def tell_late_wakes() -> NoReturn:
    """Print each late wake-up in ms, until this process is terminated or its parent is gone."""
    # Ctrl-C reaches the test, which then terminates this process
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    make_urgent(os.getpid())
    parent = os.getppid()
    print("watching", flush=True)
    while os.getppid() == parent:
        asleep = time.monotonic()
        time.sleep(EVERY_MS / 1000)
        late_ms = (time.monotonic() - asleep) * 1000 - EVERY_MS
        if late_ms > LATE_MS:
            print(f"{late_ms:.1f}", flush=True)
    sys.exit()


if __name__ == "__main__":
    tell_late_wakes()
