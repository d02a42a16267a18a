"""Whether the screen can be shown here, asked before anything is loaded that only a screen needs."""

import os
import sys
from contextlib import suppress
from typing import TextIO

from streamer.terminal.keyboard import is_terminal


def can_show(output: TextIO = sys.stdout) -> bool:
    """True if there is a terminal to draw in, whose keys we can read, and which has the characters of a
    code."""
    if os.environ.get("TERM", "").lower() in ("dumb", "unknown"):
        return False
    with suppress(AttributeError, UnicodeEncodeError, LookupError):
        "▀▄█·".encode(output.encoding)
        return output.isatty() and is_terminal()
    return False
