"""Signals by which one leaves: as soon as a session has begun they end it in order, and before that, at
once."""

import asyncio
import signal
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

_LEAVE: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
"""By Ctrl-C, `kill`, a terminal that is closed, Ctrl-\\: whichever of them this system has."""


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """While it lasts, Ctrl-C ends the program where it is: a device or a named pipe may take any time to
    open.

    There is nothing to tidy up yet, and the event loop, which else would be told, does not run meanwhile.
    """
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    is_main = threading.current_thread() is threading.main_thread()
    replaced = {number: handler for number, handler in handlers.items() if is_main and callable(handler)}
    for number in replaced:
        signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


async def until_interrupted(session: Coroutine[Any, Any, None]) -> None:
    """Ctrl-C is how one leaves: it ends `session`, and is no error."""
    task = asyncio.ensure_future(session)
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows: there, Ctrl-C cancels us all
        for name in _LEAVE:
            interrupt = getattr(signal, name, None)
            # Nohup, or a script's background.
            if interrupt and signal.getsignal(interrupt) is not signal.SIG_IGN:
                loop.add_signal_handler(interrupt, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        this = asyncio.current_task()
        if this and this.cancelling():
            raise
