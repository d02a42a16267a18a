"""Names by which people tell each other apart: visible, and not to be taken for somebody else's.

Two names look alike if their skeletons are equal (UTS #39, section 4): characters that look alike are mapped
to one of them, and what is invisible is left out. Case is ignored too. The table of look-alikes is that of
Unicode, by way of `confusable_homoglyphs`. Two honest people may have the same name: the second one is
numbered, as in "Anna (2)".
"""

import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final

from confusable_homoglyphs.confusables import confusables_data

from streamer.errors import RefusedError
from streamer.relay.access.sanitize import MAX_NAME_CHARACTERS, is_invisible

RESERVED: Final = ("The relay", "Relay", "streamer", "The host", "Echo")
"""Names under which the page and the terminal show their own lines."""


def distinguish(name: str, present: Iterable[str]) -> str:
    """`name`, numbered if somebody who is present has the same.

    Raises RefusedError `bad-name` if it only looks like another's name, or like one of ours.
    """
    if any(look_alike(name, reserved) for reserved in RESERVED):
        raise _refusal(f'the name "{name}" could be taken for the relay\'s: choose another')
    others = list(present)
    other = next((other for other in others if look_alike(name, other)), None)
    if other is None:
        return name
    if _plain(other) != _plain(name):
        raise _refusal(f"the name looks like that of {other}, who is here already: choose another")
    return _numbered(name, others)


def look_alike(name: str, other: str) -> bool:
    """True if people could take the one for the other."""
    return not skeletons(name).isdisjoint(skeletons(other))


@lru_cache(4_096)
def skeletons(name: str) -> frozenset[str]:
    """Two, since capitals look like other letters than small ones do: Β like B, and β like ß."""
    name = unicodedata.normalize("NFKC", name)
    return frozenset((_mapped(name).casefold(), _mapped(name.casefold()).casefold()))


def _plain(name: str) -> str:
    """What two people who have the same name type alike."""
    return unicodedata.normalize("NFC", name).casefold()


def _numbered(name: str, others: list[str]) -> str:
    number = 2
    while True:
        suffix = f" ({number})"
        numbered = name[: MAX_NAME_CHARACTERS - len(suffix)].rstrip() + suffix
        if not any(look_alike(numbered, other) for other in others):
            return numbered
        number += 1


def _mapped(text: str) -> str:
    prototypes = _prototypes()
    shown = (character for character in unicodedata.normalize("NFD", text) if not is_invisible(character))
    mapped = "".join(prototypes.get(character, character) for character in shown)
    return " ".join(unicodedata.normalize("NFD", mapped).split())


def load() -> None:
    """The table of look-alikes, which the first name would wait for."""
    _prototypes()


@cache
def _prototypes() -> dict[str, str]:
    """Maps each character to the look-alike that represents all of them.

    The library lists each pair in both directions, and wraps what is written from right to left in marks. A
    sequence is always the prototype; else it is the one that most others look like.
    """
    alike = {_bare(key): [_bare(each["c"]) for each in pairs] for key, pairs in confusables_data.items()}
    prototypes = {}
    for character, others in alike.items():
        if len(character) != 1:
            continue
        best = max([character, *others], key=lambda each: (len(each) > 1, len(alike.get(each, ())), each))
        if best != character:
            prototypes[character] = unicodedata.normalize("NFD", best)
    return prototypes


def _bare(text: str) -> str:
    return text.replace("\u200e", "")


def _refusal(message: str) -> RefusedError:
    return RefusedError(message, status=400, code="bad-name")
