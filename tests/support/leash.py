"""Runs one part of the tests and ends whatever it started, however it ends.

    python tests/support/leash.py NAME COMMAND...

Prints how long the part took and how much processor time, which also goes to the file
`$STREAMER_TEST_SUMMARY`. Browsers, relays and sound servers are children of children, some in sessions of
their own. This process adopts every orphan among them (Linux: "child subreaper"), so it finds them all after
Ctrl-C, after a crash of the command, and after its own parent was killed. It passes the command's exit code
on. A part that takes too long is ended as by Ctrl-C.
"""

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

import psutil

PR_SET_PDEATHSIG: Final = 1
PR_SET_CHILD_SUBREAPER: Final = 36
LEAVES_S: Final = 20
"""For a command that was interrupted to end its own processes: a relay and a browser take up to 10 s each."""
ENDS_S: Final = 3
"""Between the polite signal and SIGKILL."""
POLL_S: Final = 0.1
LIMIT_S: Final = float(os.environ.get("STREAMER_TEST_LIMIT_S", 30 * 60))
"""Three times what the longest part takes on two cores. A single test has a limit of its own, in
pyproject.toml."""


class Leash:
    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._signals = 0

    def run(self) -> int:
        """Run the command; returns its exit code, 128 and the signal's number after a signal."""
        _adopt_orphans()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        process = subprocess.Popen(self._command, preexec_fn=_as_in_a_terminal)
        try:
            code = self._wait(process)
        finally:
            self._end_all()
        return code if code >= 0 else 128 - code

    def _on_signal(self, number: int, _frame: Any) -> None:
        self._signals += 1

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for the command; once interrupted, not for ever."""
        until: float | None = None
        limit = time.monotonic() + LIMIT_S
        while process.poll() is None:
            if not self._signals and time.monotonic() > limit:
                print(f"test: not finished after {LIMIT_S:.0f} s; ending it", file=sys.stderr)
                self._signals = 1
            if self._signals and until is None:
                until = time.monotonic() + LEAVES_S
                _send([psutil.Process(process.pid)], signal.SIGINT)
            if self._signals > 1 or (until is not None and time.monotonic() > until):
                break
            _sleep(POLL_S)
        code = process.poll()
        return -signal.SIGINT if code is None or (self._signals and code == 0) else code

    def _end_all(self) -> None:
        left = _descendants()
        if left and not self._signals:
            names = ", ".join(sorted({process.info["name"] for process in left}))
            print(f"test: ending what was left running: {names}", file=sys.stderr)
        for number in (signal.SIGTERM, signal.SIGKILL):
            until = time.monotonic() + ENDS_S
            _send(_descendants(), number)
            while _descendants() and time.monotonic() < until:
                _sleep(POLL_S)


def _descendants() -> list[psutil.Process]:
    """All that runs below this process; zombies are reaped on the way, so that their time is counted."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.info = process.as_dict(["name", "status"])
            if process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _send(processes: Sequence[psutil.Process], number: int) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _sleep(seconds: float) -> None:
    with contextlib.suppress(InterruptedError):
        time.sleep(seconds)


def _adopt_orphans() -> None:
    """Elsewhere than on Linux there is no such call; then only direct descendants are found."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _as_in_a_terminal() -> None:
    """A shell starts what runs in its background with SIGINT and SIGQUIT ignored, and children inherit
    that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def summary(name: str, began: float) -> str:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor_s = used.ru_utime + used.ru_stime
    load = os.getloadavg()[0]
    took_s = time.monotonic() - began
    return f"{took_s:5.0f} s, {processor_s:5.0f} s of processor time, load {load:4.1f} at the end  {name}"


def main() -> int:
    name, *command = sys.argv[1:]
    began = time.monotonic()
    code = Leash(command).run()
    line = summary(name, began)
    if path := os.environ.get("STREAMER_TEST_SUMMARY"):
        with open(path, "a", encoding="utf-8") as file:
            print(line, file=file)
    return code


if __name__ == "__main__":
    sys.exit(main())
