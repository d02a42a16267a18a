"""Printing what the output can't show: every text ends up on a screen or in a file, and none may end the program.

Names of members, devices and networks hold any character, and our own texts hold arrows and marks. Windows writes files
in cp1252, and a plain Unix in ASCII. What can't be shown there is written with plain characters that mean the same, or
as a question mark.
"""

import codecs
import io
import sys
from typing import Final

ERRORS: Final = "streamer.plain"
"""The name of the rule, for codecs."""

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


def print_anything() -> None:
    """From now on, standard output and standard error take any text."""
    codecs.register_error(ERRORS, _replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = "".join(_PLAIN.get(character, "?") for character in error.object[error.start : error.end])
    return text, error.end
