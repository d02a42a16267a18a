"""The edge of the program: whatever ends a command becomes one sentence on standard error, and an exit
status.

What stays a traceback is a fault of our own. Everything from outside comes as one of these: a
click.ClickException, for what was typed wrong, and for each StreamerError; an OSError, from the system;
KeyboardInterrupt. Standard streams may be closed, full, a pipe that nobody reads, or in an encoding that
lacks our letters.
"""

import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, NoReturn, TextIO

import click

from streamer import printing
from streamer.errors import in_words
from streamer.terminal_text import one_line

FAILED: Final = 1
INTERRUPTED: Final = 130
"""What shells expect of a program that Ctrl-C ended: 128 + SIGINT."""

BROKEN_PIPE: Final = 141
"""What shells see of a program that SIGPIPE ended, 128 + SIGPIPE: its reader has gone, so a message is in
vain."""

_FIRST_FREE: Final = 3
"""After standard input, output and error."""


def open_standard_streams() -> None:
    """Put /dev/null where a stream is closed: else the next file or socket that is opened would take its
    number."""
    for descriptor in range(_FIRST_FREE):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 (for as long as the program runs)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    sys.stdout, sys.stderr = _named(sys.stdout, "standard output"), _named(sys.stderr, "standard error")


class _Named(io.TextIOWrapper):
    """A stream whose errors say which one it is, and which replaces what its encoding lacks by plain
    characters."""

    title = ""

    def write(self, text: str) -> int:
        with self._naming():
            return super().write(text)

    def flush(self) -> None:
        with self._naming():
            super().flush()

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            error.filename = error.filename or self.title
            raise


def _named(stream: TextIO, title: str) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    encoding, is_line_buffered, is_unbuffered = stream.encoding, stream.line_buffering, stream.write_through
    named = _Named(stream.detach(), encoding, printing.PLAIN, None, is_line_buffered, is_unbuffered)
    named.title = title
    return named


def run_to_exit(command: Callable[[], object]) -> NoReturn:
    """Run `command` and leave the program; never returns."""
    status = exit_status(command)
    with suppress(ValueError):  # not the main thread: only a test runs there
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            # A second Ctrl-C while the interpreter ends prints nothing.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(status)


def exit_status(command: Callable[[], object]) -> int:
    """Run `command`; print in one sentence why it failed, if it did; return the exit status."""
    try:
        status = command()
        sys.stdout.flush()
    except SystemExit as end:
        return _flushed(end.code)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        _silence_failed(sys.stderr, 2)
        return error.exit_code
    except OSError as error:
        return _say_system(error)
    return status if isinstance(status, int) else 0  # click returns what `--help` and the like exit with


def _flushed(code: object) -> int:
    """The exit status of a SystemExit; what still waits in standard output may fail to be written."""
    if isinstance(code, str):
        return _say(code)
    try:
        sys.stdout.flush()
    except OSError as error:
        return _say_system(error)
    return code if isinstance(code, int) else 0


def _say_system(error: OSError) -> int:
    _silence_failed(sys.stdout, 1)
    return BROKEN_PIPE if error.errno == errno.EPIPE else _say(in_words(error))


def _say(words: str) -> int:
    try:
        print(f"Error: {one_line(words)}", file=sys.stderr, flush=True)
    except OSError:  # there is nobody to tell
        _silence_failed(sys.stderr, 2)
    return FAILED


def _silence_failed(stream: TextIO, descriptor: int) -> None:
    """If `stream` can't be written, send what waits in it nowhere: the interpreter flushes it at the end."""
    try:
        stream.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)
