"""Standard output for a program that may never wait for it: a thread of its own writes.

A terminal takes nothing while somebody has pressed Ctrl-S, selects text, or is behind a network that stands
still. A relay's event loop must go on meanwhile. What is drawn again anyway is left out then: see `is_idle`.
"""

import os
import queue
import select
import threading
from contextlib import suppress
from typing import Final, TextIO

MAX_WAITING: Final = 1_000
"""Writes; beyond that the newest are dropped. At about 2 KB each, 2 MB."""


class BackgroundOutput:
    """As much of a text file as rich uses. Nothing raises: after an error, all that is written is
    swallowed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._queue: queue.Queue[str | None] = queue.Queue(MAX_WAITING)
        self._parts: list[str] = []
        self._thread = threading.Thread(target=self._write_all, name="terminal", daemon=True)
        self._thread.start()

    @property
    def encoding(self) -> str:
        return self._stream.encoding

    @property
    def is_idle(self) -> bool:
        """True if everything so far is written."""
        return self._queue.unfinished_tasks == 0

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, text: str) -> int:
        self._parts.append(text)
        return len(text)

    def flush(self) -> None:
        text, self._parts = "".join(self._parts), []
        if text:
            with suppress(queue.Full):
                self._queue.put_nowait(text)

    def wait_idle(self, timeout_s: float) -> None:
        """Until everything is written, or `timeout_s` seconds have passed."""
        with self._queue.all_tasks_done:
            self._queue.all_tasks_done.wait_for(lambda: self.is_idle, timeout_s)

    def close(self, timeout_s: float) -> None:
        """Write what waits, for `timeout_s` seconds at most."""
        self.flush()
        with suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join(timeout_s)

    def _write_all(self) -> None:
        has_failed = False
        while (text := self._queue.get()) is not None:
            try:
                if not has_failed:
                    _write(self._stream, text)
            except (OSError, ValueError):
                has_failed = True
            self._queue.task_done()


def _write(stream: TextIO, text: str) -> None:
    """All of it, also where whoever reads the keys of the same terminal has made that non-blocking, as uvloop
    does.

    Python's own files lose what a terminal does not take at once.
    """
    if os.name != "posix" or not stream.isatty():
        stream.write(text)
        stream.flush()
        return
    rest = text.encode(stream.encoding, stream.errors or "strict")
    while rest:
        try:
            rest = rest[os.write(stream.fileno(), rest) :]
        except BlockingIOError:
            select.select([], [stream.fileno()], [])
