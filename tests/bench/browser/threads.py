"""What each thread of a browser spends and how often it wakes, to the nanosecond, as the kernel counts."""

from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import psutil

MOST: Final = 16
"""Of the threads that spend most; the others together spend less than 1 % of a core."""


class Spent(NamedTuple):
    seconds: float = 0.0
    wakes: int = 0

    def since(self, before: "Spent") -> "Spent":
        return Spent(self.seconds - before.seconds, self.wakes - before.wakes)

    def plus(self, other: "Spent") -> "Spent":
        return Spent(self.seconds + other.seconds, self.wakes + other.wakes)


Threads = dict[tuple[str, str], Spent]
"""By the kind of the process and the name of the thread, of which the system keeps 15 letters."""


def threads_of(browser_pid: int) -> Threads:
    found: Threads = {}
    browser = psutil.Process(browser_pid)
    for process in (browser, *browser.children(recursive=True)):
        kind = _kind(process.cmdline())
        for thread in Path(f"/proc/{process.pid}/task").iterdir():
            with suppress(OSError):  # it may have ended
                name = (kind, (thread / "comm").read_text().strip())
                found[name] = found.get(name, Spent()).plus(_spent(thread))
    return found


def print_threads(before: Threads, after: Threads, seconds: float) -> None:
    spent = {name: now.since(before.get(name, Spent())) for name, now in after.items()}
    for (kind, name), (busy_s, wakes) in sorted(spent.items(), key=lambda each: -each[1].seconds)[:MOST]:
        print(f"{100 * busy_s / seconds:6.2f} % {wakes / seconds:6.0f} wakes/s  {kind}, {name}")


def _spent(thread: Path) -> Spent:
    nanoseconds = int((thread / "schedstat").read_text().split()[0])
    rest = (thread / "status").read_text().partition("\nvoluntary_ctxt_switches:")[2]
    return Spent(nanoseconds / 1e9, int(rest.split()[0]))


def _kind(command: list[str]) -> str:
    options = dict(part.split("=", 1) for part in command if part.startswith("--") and "=" in part)
    service = options.get("--utility-sub-type", "").rpartition(".")[2]
    return service or options.get("--type", "browser")
