"""What somebody types while talking.

A terminal echoes a key wherever its cursor happens to be: in the midst of the meters, which the next redraw then tears.
So where the meters can draw the line that is being typed, the terminal is told to echo nothing. Elsewhere (a pipe, a
file, Windows) lines come as they are.
"""

import asyncio
import codecs
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Final

from streamer.client.line_editor import LineEditor

_READ_BYTES: Final = 4_096


class Keyboard:
    """`on_key` draws what `editor` holds; where nobody has set it, the terminal does."""

    def __init__(self) -> None:
        self.editor = LineEditor()
        self.on_key: Callable[[], None] | None = None

    @contextmanager
    def lines(self, on_line: Callable[[str], None]) -> Iterator[None]:
        """While it lasts, `on_line` gets what is typed; nothing where standard input can't be waited for."""
        loop = asyncio.get_running_loop()
        decoder = codecs.getincrementaldecoder("utf-8")("replace")

        def read() -> None:
            data = _read(stdin)
            if not data:
                loop.remove_reader(stdin)
            for line in self.editor.feed(decoder.decode(data) if data else "\n"):
                on_line(line)
            if self.on_key:
                self.on_key()

        try:
            stdin = sys.stdin.fileno()
            loop.add_reader(stdin, read)
        except (AttributeError, OSError, ValueError, NotImplementedError):
            yield
            return
        try:
            with _without_echo(stdin) if self.on_key else nullcontext():
                yield
        finally:
            loop.remove_reader(stdin)


def is_ours() -> bool:
    """Whether standard input is a terminal in whose foreground we are: only then may we change what it does."""
    if sys.platform == "win32":
        return False
    try:
        stdin = sys.stdin.fileno()
        return os.isatty(stdin) and os.tcgetpgrp(stdin) == os.getpgrp()
    except (AttributeError, OSError, ValueError):
        return False


def _read(stdin: int) -> bytes:
    try:
        return os.read(stdin, _READ_BYTES)
    except OSError:  # the terminal was closed
        return b""


@contextmanager
def _without_echo(stdin: int) -> Iterator[None]:
    if sys.platform == "win32":
        raise NotImplementedError
    import termios
    import tty

    before = termios.tcgetattr(stdin)
    loop = asyncio.get_running_loop()

    def set_quiet() -> None:
        if is_ours():
            tty.setcbreak(stdin)

    loop.add_signal_handler(signal.SIGCONT, set_quiet)  # meanwhile a shell had the terminal
    set_quiet()
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGCONT)
        if is_ours():
            termios.tcsetattr(stdin, termios.TCSADRAIN, before)
