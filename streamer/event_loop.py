"""The event loop of a command, from its beginning to its end: whatever ends it, it ends in order."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from streamer.errors import SetupError

FILES_TO_BEGIN: Final = 12
"""Open files of an event loop before it serves or asks anybody."""


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` on the fastest event loop of this system, until it ends or Ctrl-C or SIGTERM cancels it."""
    try:
        _check_open_files()
    except SetupError:
        main.close()
        raise
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.SelectorEventLoop
    if sys.platform != "win32":
        import uvloop

        loop_factory = uvloop.new_event_loop
    with (
        asyncio.Runner(loop_factory=loop_factory) as runner,
        suppress(KeyboardInterrupt, asyncio.CancelledError),
    ):
        runner.run(_cancelled_by_sigterm(main))


def _check_open_files() -> None:
    """Raises SetupError where an event loop can't begin: what is left of it then can't be ended in order."""
    opened: list[int] = []
    try:
        opened.extend(os.open(os.devnull, os.O_RDONLY) for _ in range(FILES_TO_BEGIN))
    except OSError as error:
        raise SetupError(f"{error.strerror}: raise the limit of open files (ulimit -n)") from None
    finally:
        for descriptor in opened:
            os.close(descriptor)


async def _cancelled_by_sigterm(main: Coroutine[Any, Any, None]) -> None:
    task = asyncio.current_task()
    if sys.platform != "win32" and task:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await main
