"""First starts that are killed, and two at once: what is left behind must serve."""

import random
import re
import signal
import subprocess
import time
from pathlib import Path

from audio_rig import stop
from processes import STREAMER

READY = "Stop with Ctrl-C"
READY_S = 60.0
FIRST_START_S = 3.0
"""A first start takes about 1 s, and more on a busy machine: kills are spread over it."""


class Start:
    """`streamer serve` with a state directory, on a free port of 127.0.0.1."""

    def __init__(self, directory: Path, log: Path) -> None:
        self._log = log
        command = [STREAMER, "serve", "--host", "127.0.0.1", "--port", "0", "--data-dir", directory]
        with log.open("wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def serves(self) -> bool:
        """Wait until it is ready, or has ended."""
        end = time.monotonic() + READY_S
        while READY not in self.log and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        return READY in self.log

    def kill_when(self, directory: Path, moment: float) -> None:
        """At a random moment of its writing: `moment` is 0 to 1; from 0.5 on, just after the first file
        appears."""
        end = time.monotonic() + (2 * moment * FIRST_START_S if moment < 0.5 else READY_S)
        while time.monotonic() < end and not (
            moment >= 0.5 and directory.exists() and any(directory.iterdir())
        ):
            pass
        if moment >= 0.5:
            time.sleep((moment - 0.5) / 5)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        stop(self.process)


def after_a_killed_first_start(folder: Path, moment: float) -> str:
    """What is wrong, or nothing."""
    directory = folder / "state"
    Start(directory, folder / "first.log").kill_when(directory, moment)
    left = sorted(path.name for path in directory.iterdir()) if directory.exists() else []
    again = Start(directory, folder / "again.log")
    try:
        if not again.serves():
            return f"killed at {moment:.2f}, left {left}: {again.log}"
        leftovers = [path.name for path in directory.iterdir() if path.name.endswith(".new")]
        return f"killed at {moment:.2f}: {leftovers} were left" if leftovers else ""
    finally:
        again.stop()


def two_first_starts(folder: Path) -> str:
    """What is wrong, or nothing: both serve with one authority and the same invites, or one says why it
    doesn't."""
    both = [Start(folder / "state", folder / f"{number}.log") for number in range(2)]
    try:
        serving = [start for start in both if start.serves()]
        silent = [start.log for start in both if start not in serving and "another relay" not in start.log]
        if not serving or silent:
            return f"{len(serving)} of 2 serve: {silent}"
        links = ["\n".join(re.findall(r"^http\S+$", start.log, re.MULTILINE)) for start in serving]
        facts = {re.sub(r":\d+/", "/", each) for each in links}
        return "" if len(facts) == 1 else f"two starts hand out different links: {facts}"
    finally:
        for start in both:
            start.stop()


def moments(count: int, seed: int) -> list[float]:
    chance = random.Random(seed)
    return [chance.random() for _ in range(count)]
