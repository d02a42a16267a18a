"""Work that goes on beside the connections: ticks, watchers, announcements. No single exception ends it.

An error in such work is nobody's request and must not stop the service. It is logged in one line, at most
once a minute for each name, and the work goes on: with the next item (`surviving`), or from its beginning
(`keep_running`). Cancellation passes through both.
"""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

REST_S: Final = 1.0
"""Before failed work begins again. Less would burn the processor if it fails at once, again and again."""

LOG_EVERY_S: Final = 60.0
"""Between two lines about the same work: a fault that stays must not fill the disk or hide other lines."""

MAX_NAMES: Final = 1_000
"""Names are our own words, so there are few; this bounds the memory if one is not."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Told:
    at_s: float
    untold: int = 0


_told: dict[str, _Told] = {}


async def keep_running(name: str, work: Callable[[], Awaitable[None]], *, rest_s: float = REST_S) -> None:
    """Await `work()`; if it raises, log that and begin again after `rest_s` seconds. Returns when `work`
    returns."""
    while True:
        try:
            return await work()
        except Exception as error:
            report_failure(name, error)
        await asyncio.sleep(rest_s)


@contextmanager
def surviving(name: str) -> Iterator[None]:
    """Run the block; an exception ends the block alone, and is logged."""
    try:
        yield
    except Exception as error:
        report_failure(name, error)


def report_failure(name: str, error: Exception, now_s: float | None = None) -> None:
    """Log in one line that `name` failed; `now_s` is of the monotonic clock."""
    now_s = monotonic() if now_s is None else now_s
    told = _told.get(name)
    if told and now_s - told.at_s < LOG_EVERY_S:
        told.untold += 1
        return
    since = f" ({told.untold} more since the last line)" if told and told.untold else ""
    if len(_told) >= MAX_NAMES:
        _told.clear()
    _told[name] = _Told(now_s)
    logger.error("%s failed and goes on: %s%s", name, _in_one_line(error), since)


def _in_one_line(error: Exception) -> str:
    words = " ".join(str(error).split())
    frames = traceback.extract_tb(error.__traceback__)
    where = f", in {Path(frames[-1].filename).name} line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {words}{where}" if words else f"{type(error).__name__}{where}"


async def until_ended(
    work: Coroutine[Any, Any, None],
    screen: Coroutine[Any, Any, None] | None,
    last: Callable[[], Awaitable[None]],
) -> None:
    """Until `work` fails or is cancelled, or `screen` returns; then `last()`, unless that is cancelled, too.

    A screen that fails ends nothing.
    """
    task = asyncio.create_task(work)
    shown = asyncio.create_task(_shown(screen)) if screen else None
    try:
        await asyncio.wait(filter(None, [task, shown]), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
    finally:
        for each in filter(None, [task, shown]):
            each.cancel()
        await asyncio.gather(*filter(None, [task, shown]), return_exceptions=True)
        await last()


async def _shown(screen: Coroutine[Any, Any, None]) -> None:
    try:
        await screen
    except Exception as error:
        report_failure("the screen", error)
        await asyncio.Event().wait()
