"""An evening in one room: six talk, a browser hears them and talks itself, and nothing may grow meanwhile.

    scripts/bench evening [--minutes 30] [--talkers 6]

Prints at equal times what page and relay hold in memory, how long each voice takes from mouth to ear by the
page's own figure, what waits in its jitter buffer, and how many tasks kept the page busy for over 50 ms.
Fails where memory or delay has grown since a quarter of the time.
"""

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import psutil

HERE: Final = Path(__file__).parent
sys.path[:0] = [str(HERE / "browser"), str(HERE.parent / "support")]

from room import Room, room  # noqa: E402
from unwatched import Unwatched  # noqa: E402

SAMPLES: Final = 12
QUARTER: Final = SAMPLES // 4
SPREAD: Final = 3
"""Samples whose median counts: one alone may be a moment's."""
SAMPLING_S: Final = 10
FIGURES_S: Final = 1.5
"""In which the page shows its figures at least once."""
SETTLE_S: Final = 1
OPEN: Final = "document.querySelector('#open-sound').click(); document.querySelector('#experts').open = true"
CLOSE: Final = "document.querySelector('#settings').close()"
PILLS: Final = "main button[data-talker]:not([data-own]) .pill .figure"
TEXTS: Final = "[...document.querySelectorAll('{}')].map((node) => node.textContent)"
OBSERVE: Final = """
    globalThis.long = 0;
    new PerformanceObserver((list) => (long += list.getEntries().length)).observe({ type: "longtask" });
"""


class Sample(NamedTuple):
    heap_mib: float
    """Of the page's main thread, after a collection."""
    page_mib: float
    """What the page's process has to itself: its workers, its audio thread and the codec as well."""
    relay_mib: float
    delays_ms: list[float]
    """By talker: the median of the last half minute."""
    levels_ms: list[float]
    long_tasks: int

    def __str__(self) -> str:
        delays, levels = (
            " ".join(f"{ms:4.0f}" for ms in by_talker) for by_talker in (self.delays_ms, self.levels_ms)
        )
        memory = f"{self.heap_mib:8.2f} {self.page_mib:8.1f} {self.relay_mib:8.2f}"
        return f"{memory}   {delays}   {levels}   {self.long_tasks:5}"


class Limit(NamedTuple):
    name: str
    of: Callable[[Sample], float]
    growth: float


LIMITS: Final = (
    Limit("the page's heap in MiB", lambda sample: sample.heap_mib, 0.5),
    Limit("the page's memory in MiB", lambda sample: sample.page_mib, 10),
    Limit("the relay's memory in MiB", lambda sample: sample.relay_mib, 2),
    Limit("the longest delay in ms", lambda sample: max(sample.delays_ms), 25),
    Limit("the fullest jitter buffer in ms", lambda sample: max(sample.levels_ms), 25),
)
"""Beyond what a median of three differs by from one time to another on a shared machine."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--talkers", type=int, default=6)
    options = parser.parse_args()
    every_s = 60 * options.minutes / SAMPLES
    with (
        tempfile.TemporaryDirectory() as folder,
        room(Path(folder), options.talkers, SAMPLES * (every_s + SAMPLING_S)) as where,
    ):
        samples = spend(where, every_s)
    if problems := [words for limit in LIMITS if (words := grown(limit, samples))]:
        raise SystemExit("evening: " + "; ".join(problems))


def spend(where: Room, every_s: float) -> list[Sample]:
    print(
        "minutes  heap MiB page MiB relay MiB   mouth to ear, jitter buffer by talker in ms   long tasks",
        flush=True,
    )
    where.browser.evaluate(OBSERVE)
    samples = []
    for number in range(1, SAMPLES + 1):
        where.say(every_s).wait()
        samples.append(sample(where))
        print(f"{number * every_s / 60:7.2f} {samples[-1]}", flush=True)
    return samples


def grown(limit: Limit, samples: list[Sample]) -> str:
    """In words, printed too; empty where it is as it was."""
    then, now = (
        statistics.median(limit.of(sample) for sample in some)
        for some in (samples[QUARTER : QUARTER + SPREAD], samples[-SPREAD:])
    )
    print(f"{limit.name}: {then:.2f}, then {now:.2f} (may grow by {limit.growth})")
    return f"{limit.name} grows by {now - then:.2f}" if now - then > limit.growth else ""


def sample(where: Room) -> Sample:
    browser = where.browser
    long_tasks = browser.evaluate("long")
    delays_ms, levels_ms = shown(browser)
    browser.call("HeapProfiler.collectGarbage")
    heap_mib = browser.call("Runtime.getHeapUsage")["usedSize"] / 2**20
    time.sleep(SETTLE_S)
    browser.evaluate("long = 0")  # those of being asked
    return Sample(
        heap_mib, page_mib(browser.pid), memory_mib(where.relay.pid), delays_ms, levels_ms, long_tasks
    )


def shown(browser: Unwatched) -> tuple[list[float], list[float]]:
    """Delays and jitter buffers of all talkers, as the page tells them to who opens its experts' part."""
    browser.evaluate(OPEN)
    time.sleep(FIGURES_S)
    delays = numbers(r"(\d+) ms", browser.evaluate(TEXTS.format(PILLS)))
    levels = numbers(r"waiting ([\d.]+)", browser.evaluate(TEXTS.format("#statistics dd")))
    browser.evaluate(CLOSE)
    return delays, levels


def numbers(pattern: str, texts: list[str]) -> list[float]:
    found = (re.search(pattern, text) for text in texts)
    return [float(match[1]) for match in found if match]


def page_mib(browser_pid: int) -> float:
    children = psutil.Process(browser_pid).children(recursive=True)
    renderers = [child for child in children if "--type=renderer" in child.cmdline()]
    return sum(float(child.memory_full_info().uss) for child in renderers) / 2**20


def memory_mib(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss) / 2**20


if __name__ == "__main__":
    main()
