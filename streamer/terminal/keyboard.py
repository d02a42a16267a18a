"""What somebody types at a terminal while a program draws there.

A terminal echoes a key wherever its cursor happens to be: in the midst of what is drawn, which the next
redraw then tears. So where the program can draw what is being typed, the terminal is told to echo nothing.
Elsewhere (a pipe, a file, Windows) lines come as they are.

A terminal belongs to one group of processes at a time, its foreground. A program that reads from the
background is stopped (SIGTTIN), and one that draws there disturbs the shell. So nothing is read or set then,
and `on_foreground` tells when that changes: by Ctrl-Z, or by the shell's `fg`, which does not say so to a
program that runs.
"""

import asyncio
import codecs
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

from streamer.terminal.line_editor import LineEditor, split_keys

_READ_BYTES: Final = 4_096
_LOOK_S: Final = 0.25
"""How soon somebody who brought us back may type."""


class KeyReader(Protocol):
    """Makes something of the keys that a terminal sends: lines, or the keys themselves."""

    def feed(self, keys: str) -> list[str]:
        """Returns what `keys` complete."""


class SingleKeys:
    """Each key by itself; those that a terminal sends as a sequence, such as arrows, are left out."""

    def feed(self, keys: str) -> list[str]:
        return [key for key in split_keys(keys) if len(key) == 1 and key.isprintable()]


class Keyboard:
    """`on_key` draws what `editor` holds; where nobody has set it, the terminal does.

    `reader` makes something else of the keys than lines.
    """

    def __init__(self, reader: KeyReader | None = None) -> None:
        self.editor = LineEditor()
        self.reader = reader or self.editor
        self.on_key: Callable[[], None] | None = None
        self.on_foreground: Callable[[bool], None] = lambda is_foreground: None

    @contextmanager
    def lines(self, on_line: Callable[[str], None]) -> Iterator[None]:
        """While it lasts, `on_line` gets what is typed; nothing where standard input can't be waited for."""
        typist = _Typist(self, on_line)
        typist.begin()
        try:
            yield
        finally:
            typist.end()


def is_foreground() -> bool:
    """Returns True if we may read and draw: we have no terminal, or are in its foreground."""
    for stream in (sys.stdin, sys.stdout):
        with suppress(AttributeError, OSError, ValueError):
            descriptor = stream.fileno()
            if sys.platform != "win32" and os.isatty(descriptor):
                return os.tcgetpgrp(descriptor) == os.getpgrp()
    return True


def is_terminal() -> bool:
    """Returns True if standard input is a terminal whose echo we may turn off while we are in its
    foreground."""
    if sys.platform == "win32":
        return False
    try:
        stdin = sys.stdin.fileno()
        # Raises where it isn't the one that we belong to.
        return os.isatty(stdin) and os.tcgetpgrp(stdin) >= 0
    except (AttributeError, OSError, ValueError):
        return False


class _Typist:
    """The person who types at standard input, while this program is in the foreground."""

    def __init__(self, keyboard: Keyboard, on_line: Callable[[str], None]) -> None:
        self._keyboard = keyboard
        self._on_line = on_line
        self._loop = asyncio.get_running_loop()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stdin: int | None = None
        with suppress(AttributeError, OSError, ValueError):
            self._stdin = sys.stdin.fileno()
        self._is_terminal = is_terminal()
        self._is_front = False
        self._modes: list[Any] | None = None
        self._look_again: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        if self._handles(signal.SIGTSTP if sys.platform != "win32" else None):
            self._loop.add_signal_handler(signal.SIGTSTP, self._suspend)
        if is_foreground():
            self._come_to_front()
        self._look()

    def end(self) -> None:
        if self._look_again:
            self._look_again.cancel()
        if self._is_terminal and self._handles(None):
            self._loop.remove_signal_handler(signal.SIGTSTP)
        if self._is_front:
            self._leave_front()

    def _handles(self, stop: signal.Signals | None) -> bool:
        """Returns True if Ctrl-Z is ours to handle: a shell without job control has it ignored."""
        if sys.platform == "win32" or not self._is_terminal:
            return False
        return stop is None or signal.getsignal(stop) is signal.SIG_DFL

    def _look(self) -> None:
        self._look_again = self._loop.call_later(_LOOK_S, self._look)
        self._turn(is_front=is_foreground())

    def _turn(self, *, is_front: bool) -> None:
        if is_front == self._is_front:
            return
        if is_front:
            self._come_to_front()
        else:
            self._leave_front()
        self._keyboard.on_foreground(is_front)

    def _come_to_front(self) -> None:
        self._is_front = True
        if self._is_terminal and self._keyboard.on_key:
            self._modes = _turn_echo_off(self._stdin)
        if self._stdin is not None:
            try:
                self._loop.add_reader(self._stdin, self._read)
            except (OSError, NotImplementedError):  # a file, or Windows
                self._stdin = None

    def _leave_front(self) -> None:
        self._is_front = False
        if self._stdin is not None:
            self._loop.remove_reader(self._stdin)
        _set_modes(self._stdin, self._modes)
        self._modes = None

    def _suspend(self) -> None:
        """Ctrl-Z: the shell gets the terminal as we got it."""
        self._turn(is_front=False)
        os.kill(os.getpid(), signal.SIGSTOP)

    def _read(self) -> None:
        assert self._stdin is not None
        if not is_foreground():
            self._turn(is_front=False)
            return
        data = _read(self._stdin)
        if not data:
            self._loop.remove_reader(self._stdin)
            self._stdin = None
        for line in self._keyboard.reader.feed(self._decoder.decode(data) if data else "\n"):
            self._on_line(line)
        if self._keyboard.on_key:
            self._keyboard.on_key()


def _read(stdin: int) -> bytes:
    try:
        return os.read(stdin, _READ_BYTES)
    except OSError:  # the terminal was closed
        return b""


def _turn_echo_off(stdin: int | None) -> list[Any] | None:
    """The modes that the terminal had; None where it can't be told."""
    import termios
    import tty

    if stdin is None:
        return None
    with suppress(termios.error), _never_stopped():
        before = termios.tcgetattr(stdin)
        tty.setcbreak(stdin, termios.TCSANOW)
        return before
    return None


def _set_modes(stdin: int | None, modes: list[Any] | None) -> None:
    if stdin is None or modes is None or not is_foreground():
        return
    import termios

    with suppress(termios.error), _never_stopped():
        termios.tcsetattr(stdin, termios.TCSANOW, modes)


@contextmanager
def _never_stopped() -> Iterator[None]:
    """The foreground may change between the look and the call: then SIGTTOU would stop us in the midst of
    it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
