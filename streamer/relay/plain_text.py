"""What people type, made safe to show: text only, normalised, of bounded length.

Control characters and the bidirectional formatting characters (Unicode TR 36, section 2) can make a text look like
another one, so they go.
"""

import re
import unicodedata
from typing import Final

from streamer.errors import ControlError, RefusedError
from streamer.wire.control import MAX_CHAT_CHARACTERS

MAX_NAME_CHARACTERS: Final = 40
ROOM_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

_HIDDEN_CATEGORIES: Final = {"Cc", "Cs", "Cn", "Co", "Zl", "Zp"}
_BIDI_FORMATTING: Final = {*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}


def check_room_name(room: str) -> str:
    """Raises RefusedError `bad-room` where `room` can't be the name of a room."""
    if not ROOM_NAME.fullmatch(room):
        raise RefusedError("a room's name is 1 to 64 of A–Z a–z 0–9 . _ -", status=400, code="bad-room")
    return room


def clean_line(text: str) -> str:
    """`text` as one line."""
    return " ".join(_clean(text, keep="").split())


def clean_name(name: str) -> str:
    """`name` as others see it; raises RefusedError `bad-name` where it is too long or nothing of it can be shown."""
    cleaned = clean_line(name)
    if not cleaned:
        raise RefusedError("the name holds nothing that can be shown", status=400, code="bad-name")
    if len(cleaned) > MAX_NAME_CHARACTERS:
        raise RefusedError(
            f"the name has {len(cleaned)} characters, {MAX_NAME_CHARACTERS} are allowed", status=400, code="bad-name"
        )
    return cleaned


def clean_chat(text: str) -> str:
    """`text` as others see it; raises ControlError `bad-field` where it is empty or too long."""
    cleaned = _clean(text.replace("\r\n", "\n"), keep="\n").strip()
    if not 1 <= len(cleaned) <= MAX_CHAT_CHARACTERS:
        raise ControlError(
            f'field "text" of "chat" has {len(cleaned)} characters, 1 to {MAX_CHAT_CHARACTERS} are allowed',
            code="bad-field",
        )
    return cleaned


def _clean(text: str, keep: str) -> str:
    return "".join(
        character
        for character in unicodedata.normalize("NFC", text)
        if character in keep
        or (character not in _BIDI_FORMATTING and unicodedata.category(character) not in _HIDDEN_CATEGORIES)
    )
