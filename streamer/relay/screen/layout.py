"""What stands where on the screen of a relay: the code, words beside it, and below them the live line and the
keys.

The code comes first: words get what it leaves. Beside a code there is mostly room for them, since a terminal
is wider than high; a narrow one has the keys below. A word or a figure is shown whole, or not at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Text

from streamer.relay.rooms.glance import Glance
from streamer.relay.screen.qr_code import code_within
from streamer.terminal_text import one_line

INK: Final = Style(color="#000000", bgcolor="#ffffff")
"""Of the code: whatever colours the terminal has, and however it is lit."""

SIDE_CELLS: Final = 20
"""The narrowest column of words: the longest name of a key fits, and a link takes four rows."""

_GAP: Final = "  "
_ONLY_BELOW: Final = 2
"""Rows below a code without words beside it: the live line and the keys."""


class Key(NamedTuple):
    """A key and what it does, in words for a column and for one row of a narrow window."""

    key: str
    what: str
    short: str


@dataclass(frozen=True, slots=True)
class View:
    """What the screen shows now; `notes` are what the host should know."""

    room: str
    link: str
    glance: Glance
    keys: Sequence[Key]
    notes: Sequence[str] = ()
    shows_code: bool = True
    question: str = ""
    """In place of the live line."""


def frame(view: View, console: Console, columns: int, rows: int) -> list[Text]:
    """Returns the rows of the screen, at most `rows`, each at most `columns` cells wide."""
    if view.shows_code:
        for below in (1, _ONLY_BELOW):
            code = code_within(view.link, columns, rows - below)
            side = columns - len(code[0]) - len(_GAP) if code else 0
            if code and (side >= SIDE_CELLS or below == _ONLY_BELOW):
                return [
                    *_beside(view, console, code, side),
                    *_below(view, columns, with_keys=side < SIDE_CELLS),
                ]
    words = _without_code(view, console, columns, max(0, rows - _ONLY_BELOW))
    return [*words, *_below(view, columns, with_keys=True)][-rows:]


def _beside(view: View, console: Console, code: Sequence[str], side: int) -> Iterator[Text]:
    words = _column(view, console, side, len(code)) if side >= SIDE_CELLS else []
    words += [Text()] * (len(code) - len(words))
    for drawn, line in zip(code, words, strict=True):
        yield Text.assemble((drawn, INK), _GAP if line else "", line)


def _below(view: View, columns: int, *, with_keys: bool) -> Iterator[Text]:
    if view.question:
        yield _cut(Text(view.question, style="bold"), columns)
    else:
        yield Text(live_line(view, columns), style="bold")
    if with_keys:
        yield Text(_key_line(view.keys, columns))


def _key_line(keys: Sequence[Key], columns: int) -> str:
    long = " · ".join(f"{key.key} {key.what}" for key in keys)
    return (
        long if cell_len(long) <= columns else _fitting([f"{key.key} {key.short}" for key in keys], columns)
    )


def _column(view: View, console: Console, width: int, rows: int) -> list[Text]:
    """Title, link and notes from the top, as many as there is room for; the keys at the bottom."""
    keys = [_cut(Text.assemble((key.key, "bold"), f"  {key.what}"), width) for key in view.keys]
    title = _folded(Text(view.room, style="bold"), console, width)
    link = _folded(Text("Scan to join, or open"), console, width) + _folded(Text(view.link), console, width)
    notes = [_folded(Text(note, style="bold"), console, width) for note in view.notes]
    top: list[Text] = []
    for block in (title, *notes, link):
        needed = len(block) + (1 if top else 0)
        if len(top) + needed + 1 + len(keys) <= rows:
            top += [*([Text()] if top else []), *block]
    return [*top, *[Text()] * (rows - len(top) - len(keys)), *keys][-rows:]


def _without_code(view: View, console: Console, columns: int, rows: int) -> list[Text]:
    """Notes, and why there is no code if there should be one."""
    words = [Text(note, style="bold") for note in view.notes]
    if view.shows_code:
        words.append(Text(f"This window is too small for the code. Make it larger, or open {view.link}"))
    return [line for each in words for line in _folded(each, console, columns)][-rows:] if rows else []


def live_line(view: View, columns: int) -> str:
    """People, who talks, and the worst delay: with fewer words where there is less room."""
    glance = view.glance
    first = [_people(glance.people), *(["locked"] if glance.locked else [])]
    first += [f"{one_line(name)} is knocking" for name in glance.knocks[:1]]
    elsewhere = [f"{glance.elsewhere} in other rooms"] if glance.elsewhere else []
    slowest = glance.slowest
    long = [f"worst delay to here: {one_line(slowest[0])}, {slowest[1]:.0f} ms"] if slowest else []
    short = [f"worst {slowest[1]:.0f} ms"] if slowest else []
    names = [_who_talks(glance.talkers)] if glance.talkers else []
    count = (
        [f"{len(glance.talkers)} {'talk' if len(glance.talkers) > 1 else 'talks'}"] if glance.talkers else []
    )
    for parts in (
        [one_line(view.room), *first, *names, *long, *elsewhere],
        [*first, *names, *long],
        [*first, *names, *short],
        [*first, *count, *short],
    ):
        if cell_len(" · ".join(parts)) <= columns:
            return " · ".join(parts)
    return _fitting([_people(glance.people), *count, *short], columns)


def _people(count: int) -> str:
    return {0: "nobody here yet", 1: "1 person"}.get(count, f"{count} people")


def _who_talks(names: Sequence[str]) -> str:
    shown = [one_line(name) for name in names]
    if len(shown) == 1:
        return f"{shown[0]} talks"
    if len(shown) == 2:
        return f"{shown[0]} and {shown[1]} talk"
    return f"{shown[0]} and {len(shown) - 1} more talk"


def _fitting(parts: Sequence[str], columns: int) -> str:
    """As many of `parts` as fit, from the first; each of them whole."""
    shown = ""
    for part in parts:
        longer = f"{shown} · {part}" if shown else part
        if cell_len(longer) > columns:
            break
        shown = longer
    return shown


def _folded(text: Text, console: Console, width: int) -> list[Text]:
    return list(text.wrap(console, width, overflow="fold"))


def _cut(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    return text
