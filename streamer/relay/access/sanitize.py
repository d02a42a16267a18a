"""What people type, made safe to show: text only, normalised, of bounded length.

Control characters and the bidirectional formatting characters (Unicode TR 36, section 2) can make a text look
like another one, so they go. So does what nobody sees, but where a script or an emoji needs it; and marks
beyond what any script puts on one letter (UTS #39, section 5.4).
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from streamer.errors import ControlError, RefusedError
from streamer.wire.captions import MAX_CAPTION_CHARACTERS
from streamer.wire.control import MAX_CHAT_CHARACTERS

MAX_NAME_CHARACTERS: Final = 40
MAX_MARKS: Final = 4
"""On one letter, as UTS #39 has it: no script in use needs more."""

MAX_BLANKS: Final = 8
"""In a row: enough to indent with, too few to fill a line of a terminal and begin a false one."""

MAX_ROOM_NAME_CHARACTERS: Final = 64
"""Fits a line of a phone's screen, a label of metrics and a key of a store, each with room to spare."""

_ROOM_PUNCTUATION: Final = frozenset("._-")

_HIDDEN_CATEGORIES: Final = {"Cc", "Cs", "Cn", "Co", "Zl", "Zp"}
_BIDI_FORMATTING: Final = {*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
_ZWNJ, _ZWJ, _TEXT_STYLE, _EMOJI_STYLE, _BLACK_FLAG = "\u200c", "\u200d", "\ufe0e", "\ufe0f", "\U0001f3f4"
_BLANK_LETTERS: Final = {*"\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5\U0001d159"}
"""Letters and symbols by category, but invisible."""

_BLANKS: Final = re.compile(rf"([^\S\n]|[{''.join(_BLANK_LETTERS)}]){{{MAX_BLANKS + 1},}}")
_EMPTY_LINES: Final = re.compile(r"\n(?:[^\S\n]*\n){2,}")


def check_room_name(room: str) -> str:
    """Returns `room` in NFC, as rooms are told apart. Raises RefusedError `bad-room` if no room can be called
    so."""
    normal = unicodedata.normalize("NFC", room[: 8 * MAX_ROOM_NAME_CHARACTERS])
    words = normal.split(" ")
    if (
        not all(map(_is_room_word, words))
        or len(normal) > MAX_ROOM_NAME_CHARACTERS
        or _without_piles(normal) != normal
    ):
        raise RefusedError(
            f"a room's name is 1 to {MAX_ROOM_NAME_CHARACTERS} letters and digits of any script, . _ - and "
            "single "
            "spaces between them",
            status=400,
            code="bad-room",
        )
    return normal


def _is_room_word(word: str) -> bool:
    """Letters, digits and their marks, all of which can be seen; it begins with no mark."""
    return bool(word) and unicodedata.category(word[0])[0] != "M" and all(map(_may_name_a_room, word))


def _may_name_a_room(character: str) -> bool:
    category = unicodedata.category(character)
    is_letter_or_digit = category[0] == "L" or category in ("Mn", "Mc", "Nd")
    return character in _ROOM_PUNCTUATION or (is_letter_or_digit and not is_invisible(character))


def clean_line(text: str) -> str:
    """`text` as one line."""
    return " ".join(_clean(text, keep="").split())


def clean_name(name: str) -> str:
    """`name` as others see it; raises RefusedError `bad-name` where it is too long or nothing of it can be
    shown."""
    cleaned = clean_line("".join(" " if character in _BLANK_LETTERS else character for character in name))
    if not any(_is_seen(character) for character in cleaned):
        raise RefusedError("the name has no visible characters", status=400, code="bad-name")
    if len(cleaned) > MAX_NAME_CHARACTERS:
        raise RefusedError(
            f"the name has {len(cleaned)} characters; {MAX_NAME_CHARACTERS} are allowed",
            status=400,
            code="bad-name",
        )
    if cleaned != _without_piles(cleaned) or _is_mark(cleaned[0]):
        raise RefusedError(
            "the name has more marks on a letter than any script uses", status=400, code="bad-name"
        )
    return cleaned


def clean_chat(text: str) -> str:
    """`text` as others see it; raises ControlError `bad-field` where it is empty or too long."""
    cleaned = _without_piles(_clean(text.replace("\r\n", "\n"), keep="\n"))
    cleaned = _EMPTY_LINES.sub("\n\n", _BLANKS.sub(" " * MAX_BLANKS, cleaned)).strip()
    if not any(_is_seen(character) for character in cleaned):
        raise ControlError('field "text" of "chat" has no visible characters', code="bad-field")
    if len(cleaned) > MAX_CHAT_CHARACTERS:
        raise ControlError(
            f'field "text" of "chat" has {len(cleaned)} characters, 1 to {MAX_CHAT_CHARACTERS} are allowed',
            code="bad-field",
        )
    return cleaned


def clean_caption(text: str, *, may_be_empty: bool) -> str:
    """`text` as one line, clean as chat is. Raises ControlError `bad-caption` where it is too long, or
    empty."""
    if len(text) > 8 * MAX_CAPTION_CHARACTERS:
        raise _bad_caption(f"a caption has at most {MAX_CAPTION_CHARACTERS} characters")
    cleaned = _without_piles(clean_line(" ".join(text.split())))
    is_seen = any(map(_is_seen, cleaned))
    if not is_seen and not may_be_empty:
        raise _bad_caption("a caption has no visible characters")
    if len(cleaned) > MAX_CAPTION_CHARACTERS:
        raise _bad_caption(f"a caption has at most {MAX_CAPTION_CHARACTERS} characters")
    return cleaned if is_seen else ""


def _bad_caption(message: str) -> ControlError:
    return ControlError(message, code="bad-caption", close_code=None)


@lru_cache(8_192)
def is_invisible(character: str) -> bool:
    """True if it is invisible: Unicode's Default_Ignorable_Code_Point, as far as it can be told here."""
    if character in _BLANK_LETTERS or character == "\u034f" or "\u180b" <= character <= "\u180f":
        return True
    is_selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0000" <= character <= "\U000e0fff"
    return is_selector or unicodedata.category(character) == "Cf"


def _clean(text: str, keep: str) -> str:
    normal = text if text.isascii() else unicodedata.normalize("NFC", text)
    hidden = [character for character in set(normal) if character not in keep and _is_hidden(character)]
    if hidden:
        normal = normal.translate(dict.fromkeys(map(ord, hidden)))
    if not any(is_invisible(character) and character not in _BLANK_LETTERS for character in set(normal)):
        return normal
    cleaned: list[str] = []
    for index, character in enumerate(normal):
        after = normal[index + 1] if index + 1 < len(normal) else ""
        if _may_stand(character, cleaned, after):
            cleaned.append(character)
    return "".join(cleaned)


@lru_cache(8_192)
def _is_hidden(character: str) -> bool:
    return character in _BIDI_FORMATTING or unicodedata.category(character) in _HIDDEN_CATEGORIES


def _may_stand(character: str, before: list[str], after: str) -> bool:
    if not is_invisible(character) or character in _BLANK_LETTERS:
        return True
    return bool(before) and _is_needed(character, before, after)


def _is_needed(character: str, before: list[str], after: str) -> bool:
    """Returns True if an invisible character changes how its neighbours are written: emoji and some scripts
    need it."""
    last = before[-1]
    if "\U000e0020" <= character <= "\U000e007f":  # the flags of England, Scotland and Wales
        return _BLACK_FLAG in before[-7:] and (last == _BLACK_FLAG or "\U000e0020" <= last <= "\U000e007f")
    if character in (_TEXT_STYLE, _EMOJI_STYLE):
        return _is_symbol(last)
    if character == _ZWJ and (_is_symbol(last) or last == _EMOJI_STYLE):
        return bool(after) and _is_symbol(after)
    if character in (_ZWJ, _ZWNJ):
        return _joins(last) and bool(after) and _joins(after)
    # Arabic numbers and marks
    return unicodedata.category(character) == "Cf" and "\u0600" <= character <= "\u08e2"


def _is_symbol(character: str) -> bool:
    return unicodedata.category(character) in ("So", "Sk", "Sm") or character in "#*0123456789"


_JOINING_SCRIPTS: Final = (
    ("\u0600", "\u08ff"),
    ("\u0900", "\u109f"),
    ("\u1780", "\u18af"),
    ("\ufb50", "\ufefc"),
)


def _joins(character: str) -> bool:
    """Returns True for scripts that use ZWJ and ZWNJ: Arabic and its relatives, and those of South Asia."""
    is_letter = unicodedata.category(character)[0] in "LM"
    return is_letter and any(first <= character <= last for first, last in _JOINING_SCRIPTS)


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and not is_invisible(character)


@lru_cache(8_192)
def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me")


@lru_cache(8_192)
def _marks(character: str) -> int:
    """How many it carries, decomposed; itself too, if it is one."""
    return sum(map(_is_mark, unicodedata.normalize("NFD", character)))


def _without_piles(text: str) -> str:
    """Without the marks that go beyond MAX_MARKS on one letter, counted as they are decomposed."""
    if not any(map(_is_mark, set(text))):
        return text
    kept, marks = [], 0
    for character in text:
        marks = (marks if _is_mark(character) else 0) + _marks(character)
        if marks <= MAX_MARKS or not _is_mark(character):
            kept.append(character)
    return "".join(kept)
