"""tmux, as somebody uses it: a shell in a window of a size, keys, and what is on the screen."""

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from audio_rig import wait_until

PATIENCE_S = 30.0


class Tmux:
    """A server of its own with one window; the end of the block ends it and what runs in it."""

    def __init__(
        self, home: Path, columns: int, rows: int, environment: Mapping[str, str] | None = None
    ) -> None:
        self._home = home
        self._size = columns, rows
        given = {"HOME": str(home), "XDG_DATA_HOME": str(home), "PYTHONUTF8": "1", **(environment or {})}
        self._environment = {**os.environ, "LC_ALL": "C.UTF-8", **given}
        for name in ("COLUMNS", "LINES", "TMUX"):
            self._environment.pop(name, None)

    def __enter__(self) -> Self:
        self._home.mkdir(parents=True, exist_ok=True)
        columns, rows = map(str, self._size)
        shell = "exec env 'PS1=$ ' bash --norc --noprofile -i"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, shell)
        try:
            self.wait_for(lambda rows: rows[-1:] == ["$"])
        except BaseException:
            self._tmux("kill-server")
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._tmux("kill-server")

    def run(self, *command: str | Path) -> None:
        """Type a command."""
        self.type(shlex.join(map(str, command)))

    def type(self, line: str) -> None:
        self._tmux("send-keys", "-l", line)
        self.press("Enter")

    def press(self, *keys: str) -> None:
        """By the names that tmux has for them, such as C-z."""
        self._tmux("send-keys", *keys)

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def look(self) -> list[str]:
        """The rows of the screen, without the empty ones at its end."""
        return [row.rstrip() for row in self._tmux("capture-pane", "-p").rstrip().split("\n")]

    def wait_for(self, condition: Callable[[list[str]], object]) -> list[str]:
        """The screen once it is so."""
        seen: list[str] = []

        def holds() -> object:
            seen[:] = self.look()
            return condition(seen)

        wait_until(holds, PATIENCE_S, lambda: "\n".join(seen))
        return seen

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", str(self._home / "tmux"), *arguments]
        return subprocess.run(
            command, env=self._environment, check=True, capture_output=True, text=True, timeout=PATIENCE_S
        ).stdout
