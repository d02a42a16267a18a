"""The line that is being typed: what a terminal sends for each key comes in, whole lines go out.

Made by hand: a library that edits lines wants the whole screen, which is the meters', and this much of one is
enough.
"""

import re
from typing import Final

_KEY: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|[\s\S]")
_ENTER: Final = ("\n", "\r")


def split_keys(keys: str) -> list[str]:
    """Returns each key as the terminal sent it: a character, or a sequence that begins with ESC."""
    return _KEY.findall(keys)


class LineEditor:
    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0
        self._draft = ""
        self._typed: list[str] = []
        self._recalled = 0

    def feed(self, keys: str) -> list[str]:
        """The lines that `keys` complete."""
        lines = []
        for key in split_keys(keys):
            if key in _ENTER:
                lines.append(self._finish())
            else:
                self._press(key.replace("\x1bO", "\x1b["))
        return lines

    def _press(self, key: str) -> None:
        match key:
            case "\x7f" | "\b":  # backspace
                self._cut(self.cursor - 1, self.cursor)
            case "\x04" | "\x1b[3~":  # Ctrl-D, delete
                self._cut(self.cursor, self.cursor + 1)
            case "\x15":  # Ctrl-U
                self._cut(0, self.cursor)
            case "\x17":  # Ctrl-W
                self._cut(self._start_of_word(), self.cursor)
            case "\x1b[A":  # up
                self._recall(self._recalled - 1)
            case "\x1b[B":  # down
                self._recall(self._recalled + 1)
            case _ if key.isprintable():
                self.text = self.text[: self.cursor] + key + self.text[self.cursor :]
                self.cursor += 1
            case _:
                self.cursor = min(max(0, self._destination(key)), len(self.text))

    def _destination(self, key: str) -> int:
        match key:
            case "\x1b[D" | "\x02":  # left, Ctrl-B
                return self.cursor - 1
            case "\x1b[C" | "\x06":  # right, Ctrl-F
                return self.cursor + 1
            case "\x1b[H" | "\x1b[1~" | "\x01":  # home, Ctrl-A
                return 0
            case "\x1b[F" | "\x1b[4~" | "\x05":  # end, Ctrl-E
                return len(self.text)
            case _:
                return self.cursor

    def _cut(self, start: int, end: int) -> None:
        start = max(0, start)
        self.text = self.text[:start] + self.text[end:]
        self.cursor = start

    def _start_of_word(self) -> int:
        return self.text[: self.cursor].rstrip().rfind(" ") + 1

    def _recall(self, number: int) -> None:
        """The line typed as `number`, or what was begun behind the last one."""
        if self._recalled == len(self._typed):
            self._draft = self.text
        self._recalled = min(max(0, number), len(self._typed))
        self.text = [*self._typed, self._draft][self._recalled]
        self.cursor = len(self.text)

    def _finish(self) -> str:
        line, self.text, self.cursor = self.text, "", 0
        if line and line not in self._typed[-1:]:
            self._typed.append(line)
        self._recalled = len(self._typed)
        return line
