"""Printing what the output can't show, or can't take: every text ends up on a screen or in a file, and none
may end the program.

Names of members, devices and networks hold any character, and our own texts hold arrows and marks. Windows
writes files in cp1252, and a plain Unix in ASCII. What can't be shown there is written with plain characters
that mean the same, or as a question mark.
"""

import codecs
import sys
from contextlib import suppress
from typing import Final

from streamer.terminal_text import one_line

PLAIN: Final = "streamer.plain"
"""The name of the rule, for the `errors` of a stream."""

_PLAIN: Final = {
    "✓": "+",
    "✗": "x",
    "→": "->",
    "←": "<-",
    "–": "-",
    "—": "-",
    "−": "-",
    "“": '"',
    "”": '"',
    "„": '"',
    "’": "'",
    "‘": "'",
    "…": "...",
    "×": "x",
    "·": ".",
    "•": "*",
    "≤": "<=",
    "≥": ">=",
    "µ": "u",
}


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = "".join(_PLAIN.get(character, "?") for character in error.object[error.start : error.end])
    return text, error.end


codecs.register_error(PLAIN, _replace)


def log(words: str) -> None:
    """One line on standard error, which goes to a service's log: where that is on a full disk, the service
    goes on."""
    with suppress(OSError, ValueError):
        print(one_line(words), file=sys.stderr, flush=True)
