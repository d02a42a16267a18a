"""Who is in the room, one line each, as wide and as high as the terminal is.

A figure and the words of a state are shown whole or not at all; a name gives way, and ends in "…". In a low
terminal those who talk or raise a hand are shown before others, without changing their order; the parts of
each delay come only where there is room for all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from streamer.wire.packet import SILENCE_LEVEL

BAR_CELLS: Final = 24
_BAR_DB: Final = 60
"""The bar begins here below full scale, where voice ends and the noise of a room begins."""

_LOUD_DB, _HOT_DB = 12, 3

_FIGURES: Final = (("delay", 10), ("p50", 10), ("p95", 10))
"""Headings, and cells: as many as a figure of five digits takes, ≥ 99999 ms."""

_LEAST_BAR_CELLS: Final = 10
"""6 dB a cell."""

_USUAL_NAME_CELLS: Final = 16
"""Most names; a longer one, or the bar, gives way to the other."""

_LEAST_NAME_CELLS: Final = 8
"""Enough to tell people apart; in a narrower row, figures go first."""

_GAP: Final = "  "
_DOT: Final = " · "


@dataclass(frozen=True, slots=True)
class State:
    """In words, or, where there are none, how loud it is, in −dBov."""

    words: str
    level: int = SILENCE_LEVEL


@dataclass(frozen=True, slots=True)
class Row:
    """One person. `figures` are the delay now, its p50 and its p95, in words; `is_wanted` where room is
    scarce."""

    name: str
    state: State
    figures: tuple[str, str, str]
    is_wanted: bool


class Meeting:
    """Draws itself in whatever width and height it gets."""

    def __init__(self, room: str, people: Sequence[Row], details: Sequence[str], last: Sequence[str]) -> None:
        """`details` may be left out; of `last`, the last one never is."""
        self._room = room
        self._people = people
        self._details = details
        self._last = last

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """All of it, however high that is."""
        yield from self.lines(options.max_width, 1 + len(self._people) + len(self._details) + len(self._last))

    def lines(self, width: int, height: int) -> list[Text]:
        """Returns at most `height` lines of at most `width` cells."""
        columns = _Columns.within(width, self._people)
        below = [_cut(line, width) for line in self._last]
        room = height - 1 - len(below)
        if room < 1 and len(below) > 1:
            below, room = below[-1:], height - 2
        lines = [columns.heading(self._room), *self._within(columns, room)]
        if len(lines) + len(self._details) + len(below) <= height:
            lines += [_cut(line, width, "dim") for line in self._details]
        return [*lines, *below][-height:]

    def _within(self, columns: "_Columns", rows: int) -> list[Text]:
        if len(self._people) <= rows:
            return [columns.line(row) for row in self._people]
        if rows < 1:
            return []
        by_need = sorted(range(len(self._people)), key=lambda number: not self._people[number].is_wanted)
        shown = sorted(by_need[: rows - 1])
        missing = len(self._people) - len(shown)
        return [
            *(columns.line(self._people[number]) for number in shown),
            Text(f"… and {missing} more: /who"),
        ]


@dataclass(frozen=True, slots=True)
class _Columns:
    """Cells for the name and the state, and how many of the three figures there are."""

    name: int
    state: int
    figures: int

    @classmethod
    def within(cls, width: int, people: Sequence[Row]) -> "_Columns":
        """The bar gets shorter first, then names; then figures go, the most important one last."""
        wanted = max((cell_len(row.name) for row in people), default=_LEAST_NAME_CELLS)
        words = max((cell_len(row.state.words) for row in people), default=0)
        for figures in (3, 2, 1, 0):
            taken = sum(cells + len(_GAP) for _, cells in _FIGURES[:figures])
            for state, least in (
                (BAR_CELLS, _USUAL_NAME_CELLS),
                (max(words, _LEAST_BAR_CELLS), _LEAST_NAME_CELLS),
            ):
                left = width - state - len(_GAP) - taken
                if left >= min(wanted, least):
                    return cls(min(wanted, left), state, figures)
        return cls(max(0, width - words - len(_GAP)), min(words, width), 0)

    def heading(self, room: str) -> Text:
        names = "".join(f"{_GAP}{heading:>{cells}}" for heading, cells in _FIGURES[: self.figures])
        wide = self.name + len(_GAP) + self.state
        return Text.assemble((_sized(room, wide), "bold"), (names, "dim"))

    def line(self, row: Row) -> Text:
        state = (
            Text(row.state.words, style="dim") if row.state.words else level_bar(row.state.level, self.state)
        )
        state.pad_right(self.state - state.cell_len)
        shown = zip(row.figures, _FIGURES[: self.figures], strict=False)
        figures = "".join(f"{_GAP}{figure:>{cells}}" for figure, (_, cells) in shown)
        return Text.assemble(_sized(row.name, self.name), _GAP if self.name else "", state, figures.rstrip())


def level_bar(level: int, width: int = BAR_CELLS) -> Text:
    """A bar for `level` in −dBov: empty from −60 down, full at 0."""
    cells = max(0, round((_BAR_DB - level) / _BAR_DB * width))
    style = "red" if level <= _HOT_DB else "yellow" if level <= _LOUD_DB else "green"
    return Text("█" * cells + "·" * (width - cells), style=style)


def _sized(text: str, cells: int) -> str:
    """Exactly so many cells; "…" stands for what is left out."""
    if cell_len(text) <= cells:
        return set_cell_size(text, cells)
    return set_cell_size(set_cell_size(text, max(0, cells - 1)).rstrip() + "…", cells)


def _cut(text: str, width: int, style: str = "") -> Text:
    """A line whose parts are separated by dots: as many of them as fit, each of them whole."""
    shown = text
    while cell_len(shown) > width and _DOT in shown:
        shown = shown.rpartition(_DOT)[0]
    return Text(shown if cell_len(shown) <= width else _sized(shown, width).rstrip(), style=style)
