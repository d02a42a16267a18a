"""Names by which people tell each other apart: visible, and not to be taken for somebody else's.

Two names look alike if their skeletons are equal (UTS #39, section 4): characters that look alike are mapped to one of
them, and what is invisible is left out. Case is ignored too. The table of look-alikes is that of Unicode, by way of
`confusable_homoglyphs`. Two honest people may have the same name: the second one is numbered, as in "Anna (2)".
"""

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Final

from confusable_homoglyphs.confusables import confusables_data

from streamer.errors import RefusedError
from streamer.relay.plain_text import MAX_NAME_CHARACTERS, is_invisible

RESERVED: Final = ("The relay", "Relay", "streamer", "The host", "Echo")
"""Whom the page and the terminal let speak, beside the members."""


def distinguish(name: str, present: Iterable[str]) -> str:
    """`name`, numbered if somebody who is present has the same.

    Raises RefusedError `bad-name` if it only looks like another's name, or like one of ours.
    """
    skeletons = {skeleton(other): other for other in present}
    if skeleton(name) in {skeleton(reserved) for reserved in RESERVED}:
        raise RefusedError(
            f'the name "{name}" could be taken for the relay\'s: choose another', status=400, code="bad-name"
        )
    other = skeletons.get(skeleton(name))
    if other is None:
        return name
    if _plain(other) != _plain(name):
        raise RefusedError(
            f"the name looks like that of {other}, who is here already: choose another", status=400, code="bad-name"
        )
    return _numbered(name, skeletons)


def skeleton(name: str) -> str:
    """Equal for names that look alike."""
    return _mapped(_mapped(name.casefold()).casefold())


def _plain(name: str) -> str:
    """What two people who have the same name type alike."""
    return unicodedata.normalize("NFC", name).casefold()


def _numbered(name: str, skeletons: Iterable[str]) -> str:
    taken = set(skeletons)
    number = 2
    while True:
        suffix = f" ({number})"
        numbered = name[: MAX_NAME_CHARACTERS - len(suffix)].rstrip() + suffix
        if skeleton(numbered) not in taken:
            return numbered
        number += 1


def _mapped(text: str) -> str:
    prototypes = _prototypes()
    shown = (character for character in unicodedata.normalize("NFD", text) if not is_invisible(character))
    mapped = "".join(prototypes.get(character, character) for character in shown)
    return " ".join(unicodedata.normalize("NFD", mapped).split())


@cache
def _prototypes() -> dict[str, str]:
    """From each character to that of its look-alikes which stands for all.

    The library lists pairs in both directions. Only single characters are mapped; so of a pair a sequence is the
    prototype, else the one that more look like.
    """
    prototypes = {}
    for character, alike in confusables_data.items():
        if len(character) != 1 or not alike:
            continue
        others = [each["c"] for each in alike]
        best = max([character, *others], key=lambda each: (len(each) > 1, len(confusables_data.get(each, ())), each))
        if best != character:
            prototypes[character] = best
    return prototypes
