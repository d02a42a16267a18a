"""Text from elsewhere as a terminal may show it: on one line, and nothing in it moves the cursor or turns the
writing.

What others write could else pass for a line of ours (CR, LF, U+2028), rewrite what stands above (ESC, C1),
read from right to left (bidi overrides) or pile marks onto the lines around it (UTS #39, section 5.4: at most
four on a letter).
"""

import unicodedata
from typing import Final

_NEW_LINE: Final = " ↵ "
_NEW_LINES: Final = "\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
_REPLACEMENT: Final = "�"
_MAX_MARKS: Final = 4
_MARKS: Final = ("Mn", "Me")
_INVISIBLE: Final = ("Cf",)
"""Format characters: joiners, bidi controls, tags. A terminal that does not know them counts cells
wrongly."""


def one_line(text: str) -> str:
    """`text`, its line ends shown as ↵, without what a terminal would obey or hide."""
    shown: list[str] = []
    marks = 0
    for character in "\n".join(text.splitlines()):
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARKS else 0
        if category not in _INVISIBLE and marks <= _MAX_MARKS:
            shown.append(_shown(character))
    return "".join(shown)


def _shown(character: str) -> str:
    if character in _NEW_LINES:
        return _NEW_LINE
    if character.isprintable():
        return character
    return " " if character.isspace() else _REPLACEMENT
