"""An event loop with a time of its own: seconds pass when everything waits, and only then.

What is said in four seconds is said in a fraction of one, and a machine with other work to do changes
nothing: nobody wakes late. Sockets are real, so a packet on its way gets a moment of real time before the
clock goes on.
"""

import asyncio
import selectors
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from unittest.mock import patch

T = TypeVar("T")

ON_ITS_WAY_S: Final = 0.002
"""Loopback delivers within the call that sends, unless the kernel has other work; then a packet seems 10 ms
late."""
BEGINS_S: Final = 1_000.0
CLOCKS: Final = ("perf_counter", "monotonic")


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.now_s = BEGINS_S
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self.now_s


class _Selector(selectors.DefaultSelector):
    """Instead of waiting, lets the loop's time pass."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(ON_ITS_WAY_S)
        if not ready:
            self._loop.now_s += timeout
        return ready


@contextmanager
def clocks_of(loop: VirtualTimeLoop) -> Iterator[None]:
    """Every module of ours that reads a clock by name reads the loop's."""
    patches = [
        patch.object(module, clock, loop.time)
        for name, module in sorted(sys.modules.items())
        if name.startswith("streamer.")
        for clock in CLOCKS
        if callable(getattr(module, clock, None))
    ]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in reversed(patches):
            each.stop()


def run_virtually(main: Coroutine[Any, Any, T]) -> tuple[T, float]:
    """What `main` returns, and how many seconds it took of the loop's time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualTimeLoop)
        with clocks_of(loop):
            return runner.run(main), loop.now_s - BEGINS_S
