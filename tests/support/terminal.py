"""A terminal, as somebody sits before it: a real pty, and what its screen shows by a real terminal's
rules."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import pyte
from audio_rig import stop
from processes import START_S, STREAMER
from terminal_picture import Picture, draw_cells

DUMP_S = 20
QUIET_S = 0.04
"""Between two redraws there is more; within one there is less."""


class Terminal:
    """Runs `streamer`, or another `program`, in it; the end of the block presses Ctrl-C."""

    def __init__(
        self,
        home: Path,
        *arguments: str | Path,
        columns: int = 100,
        rows: int = 24,
        program: str | Path = STREAMER,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._environment = environment or {}
        self._command = [str(program), *map(str, arguments)]
        self._home = home
        self._size = rows, columns
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)

    def __enter__(self) -> Self:
        self._home.mkdir(parents=True, exist_ok=True)
        self._end, theirs = pty.openpty()
        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", *self._size, 0, 0))
        environment = {**os.environ, "HOME": str(self._home), "TERM": "xterm-256color", "PYTHONUTF8": "1"}
        environment["PYTHONFAULTHANDLER"] = "1"  # see `wait`
        environment = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
        environment |= self._environment

        def sit_down() -> None:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup, which the tests may run under, ignores it
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self._process = subprocess.Popen(
            self._command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=sit_down
        )
        self._theirs = theirs
        return self

    def __exit__(self, *_: object) -> None:
        self.type("\x03")
        stop(self._process)
        os.close(self._theirs)
        os.close(self._end)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self._theirs)[3] & termios.ECHO)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._screen.resize(rows, columns)

    @property
    def shows_cursor(self) -> bool:
        return not self._screen.cursor.hidden

    def picture(self, *, is_light: bool = False) -> Picture:
        """What somebody sees, in grey, with a theme that is dark or light."""
        self.look()
        return draw_cells(self._screen, is_light=is_light)

    def type(self, keys: str) -> None:
        os.write(self._end, keys.encode())

    def look(self) -> list[str]:
        """The rows of the screen, without the empty ones at its end, between two redraws."""
        while select.select([self._end], [], [], QUIET_S)[0]:
            self._stream.feed(os.read(self._end, 65_536))
        return "\n".join(row.rstrip() for row in self._screen.display).rstrip().split("\n")

    def wait_for(self, text: str, timeout_s: float = START_S) -> list[str]:
        """The screen once `text` is on it."""
        end = time.monotonic() + timeout_s
        while text not in "\n".join(rows := self.look()):
            assert time.monotonic() < end, "\n".join(rows)
        return rows

    def wait(self, timeout_s: float) -> int:
        """Its exit code, once it has ended by itself."""
        end = time.monotonic() + timeout_s
        while self._process.poll() is None and time.monotonic() < end:
            self.look()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGABRT)
            raise AssertionError("it does not end; its threads:\n" + "\n".join(self._after_the_end()))
        self.look()  # what it wrote last
        return self._process.returncode

    def _after_the_end(self) -> list[str]:
        self._process.wait(DUMP_S)
        return self.look()
