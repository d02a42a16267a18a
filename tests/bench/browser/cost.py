"""Where a browser's CPU time goes, by its processes and the threads that matter."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

KINDS: Final = (
    "main thread",
    "worker",
    "audio thread",
    "drawing",
    "network",
    "sound devices",
    "browser",
    "other",
)
PROCESSES: Final = {
    "--type=gpu-process": "drawing",
    "--utility-sub-type=network.mojom.NetworkService": "network",
    "--utility-sub-type=audio.mojom.AudioService": "sound devices",
}
"""By what is in their command; one without a type is the browser's own."""
THREADS: Final = {
    "DedicatedWorker thread": "worker",
    "Realtime AudioWorklet": "audio thread",
    "Compositor": "drawing",
}
"""Of a renderer; the system keeps the first 15 letters of their names. The first thread is the page's own."""

Cost = Counter[str]
"""By kind: CPU seconds, or what they are of the time that passed."""


def cost_of(browser_pid: int) -> Cost:
    """What the browser has spent since it began."""
    cost: Cost = Counter()
    browser = psutil.Process(browser_pid)
    for process in (browser, *browser.children(recursive=True)):
        for kind, seconds in _parts(process):
            cost[kind] += seconds
    return cost


def _parts(process: psutil.Process) -> Iterator[tuple[str, float]]:
    command = process.cmdline()
    if "--type=renderer" not in command:
        yield _process_kind(command), _total_s(process)
        return
    rest_s = _total_s(process)
    for thread in process.threads():
        kind = _thread_kind(process.pid, thread.id)
        if kind:
            seconds = thread.user_time + thread.system_time
            rest_s -= seconds
            yield kind, seconds
    yield "other", rest_s


def _process_kind(command: list[str]) -> str:
    if not any(part.startswith("--type=") for part in command):
        return "browser"
    return next((PROCESSES[part] for part in command if part in PROCESSES), "other")


def _thread_kind(process: int, thread: int) -> str | None:
    if thread == process:
        return "main thread"
    name = Path(f"/proc/{process}/task/{thread}/comm").read_text().strip()
    return next((kind for full_name, kind in THREADS.items() if full_name.startswith(name)), None)


def _total_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
