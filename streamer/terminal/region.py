"""The rows at the bottom of a terminal that are drawn again and again, while lines are printed above them."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

_HIDE_CURSOR: Final = "\x1b[?25l"
_SHOW_CURSOR: Final = "\x1b[?25h"
_ERASE_BELOW: Final = "\x1b[J"
_ERASE_ALL: Final = "\x1b[2J\x1b[H"


class Region:
    """On `console`, a terminal. The cursor stays in the last row of the region; each row fits the width."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows: Sequence[Text] = ()

    def draw(self, rows: Sequence[Text]) -> None:
        """In place of the rows before."""
        self._erase()
        self._put(rows)

    def print(self, text: Text) -> None:
        """Above the region, from which it scrolls away; a long line is broken by the terminal."""
        rows = self._rows
        self._erase()
        self._console.print(text, soft_wrap=True)
        self._put(rows)

    def clear(self) -> None:
        """Give the terminal back: what was printed stays."""
        self._erase()
        self._write(_SHOW_CURSOR)

    def start_again(self) -> None:
        """Empty the window: after it has changed its size, nobody knows where the rows are."""
        self._rows = ()
        self._write(_ERASE_ALL)

    def _erase(self) -> None:
        up = len(self._rows) - 1
        self._rows = ()
        if up >= 0:
            to_first_row = f"\x1b[{up}A" if up else ""
            self._write(f"\r{to_first_row}{_ERASE_BELOW}")

    def _put(self, rows: Sequence[Text]) -> None:
        self._rows = rows
        if rows:
            self._write(_HIDE_CURSOR)
            lines = Text("\n").join(rows)
            self._console.print(lines, end="", no_wrap=True, overflow="ignore", crop=False)

    def _write(self, controls: str) -> None:
        self._console.file.write(controls)
        self._console.file.flush()
