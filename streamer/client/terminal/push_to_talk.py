"""Push to talk by a key of the terminal.

A terminal tells that a key is pressed, and while it is held that it is pressed again and again, but not that
it is let go. So the key counts as held until no repetition comes. It is a key of the line that is being typed
as soon as there is one: a person who types does not talk.
"""

from time import perf_counter
from typing import Final

from streamer.errors import StreamerError
from streamer.terminal.line_editor import LineEditor, split_keys

FIRST_S: Final = 0.8
"""From the press to the first repetition: systems wait 0.25 s to 0.66 s. A short press talks as long as
that."""

REPEATED_S: Final = 0.35
"""Between two repetitions: mostly 33 ms, more over a network. What is let go ends so much later."""

NAMED: Final = {
    "space": " ",
    "tab": "\t",
    **dict(zip(("f1", "f2", "f3", "f4"), ("\x1bOP", "\x1bOQ", "\x1bOR", "\x1bOS"), strict=True)),
    **{f"f{5 + number}": f"\x1b[{code}~" for number, code in enumerate((15, 17, 18, 19, 20, 21, 23, 24))},
}
"""What terminals send (xterm, Control Sequences, "PC-Style Function Keys")."""


class PushToTalk:
    """Reads the keys of a terminal: `key`, by its name, is kept, and all others go to `editor`."""

    def __init__(self, key: str, editor: LineEditor) -> None:
        """Raises StreamerError if there is no such key."""
        self.name = key if len(key) == 1 else key.lower()
        self._key = NAMED.get(self.name, key)
        if self.name not in NAMED and (len(key) != 1 or not key.isprintable() or key == "/"):
            raise StreamerError(f"--ptt takes a letter, space, tab, or f1 to f12; {key} is none of them")
        self._editor = editor
        self._held_until = float("-inf")

    def feed(self, keys: str) -> list[str]:
        lines = []
        for key in split_keys(keys):
            if key == self._key and not self._editor.text:
                self.press(perf_counter())
            else:
                lines += self._editor.feed(key)
        return lines

    def press(self, now: float) -> None:
        """The key came at `now`, in s of perf_counter(): pressed, or repeated while it is held."""
        lasts_s = REPEATED_S if self.is_held(now) else FIRST_S
        self._held_until = max(self._held_until, now + lasts_s)

    def is_held(self, now: float) -> bool:
        return now < self._held_until
