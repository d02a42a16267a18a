"""What each thread of a browser has spent, to the nanosecond: a wake-up is too short for the ticks of a
clock."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

NETWORK: Final = "--utility-sub-type=network.mojom.NetworkService"
PAGE: Final = "--type=renderer"
INPUT_OUTPUT: Final = "Chrome_ChildIOT"
"""As the system shortens it: the thread that a process hears the others by."""
WORKER: Final = "DedicatedWorker"
OF_A_MESSAGE: Final = {
    (NETWORK, INPUT_OUTPUT): "network",
    (PAGE, INPUT_OUTPUT): "page's mail",
    (PAGE, WORKER): "worker",
}
"""The threads that a message of a WebSocket goes through, by process and name."""
WHOLE: Final = "whole"

Spent = Mapping[str, float]
"""CPU seconds, by the values of OF_A_MESSAGE, and of all threads together."""


def spent_by(browser_pid: int) -> Spent:
    spent: Counter[str] = Counter()
    browser = psutil.Process(browser_pid)
    for process in (browser, *browser.children(recursive=True)):
        kind = next((part for part in process.cmdline() if part in (NETWORK, PAGE)), "")
        for thread in Path(f"/proc/{process.pid}/task").iterdir():
            with suppress(OSError):  # it may have ended
                seconds = int((thread / "schedstat").read_text().split()[0]) / 1e9
                name = (thread / "comm").read_text().strip()
                spent[WHOLE] += seconds
                if part := OF_A_MESSAGE.get((kind, name)):
                    spent[part] += seconds
    return spent
