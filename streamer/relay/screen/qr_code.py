"""Codes to scan, drawn with characters: for a screen of a given size, and for output of any kind."""

import io
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import segno


class CodeStyle(Enum):
    """How a code to scan is drawn, which depends on what the output can show."""

    BLOCKS = "blocks"
    """Half blocks, two rows in a line."""
    COLOURS = "colours"
    """Spaces in two colours, for a terminal without these characters."""
    BELOW = "below"
    """Not among the lines: the screen below them shows it."""
    NONE = "none"


def code_style(encoding: str | None, *, is_terminal: bool) -> CodeStyle:
    """Returns the best style for an output with this encoding (Python's name of it; None if unknown)."""
    try:
        "\u2580\u2584\u2588".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return CodeStyle.COLOURS if is_terminal else CodeStyle.NONE
    return CodeStyle.BLOCKS


def qr_code(link: str, style: CodeStyle = CodeStyle.BLOCKS) -> str:
    """Returns `link` as a code that can be scanned from a terminal."""
    if style is CodeStyle.NONE:
        return "(This output can't show a code. Open the link instead, or set the encoding to UTF-8.)\n"
    drawing = io.StringIO()
    segno.make(link, error="m", micro=False).terminal(drawing, border=2, compact=style is CodeStyle.BLOCKS)
    return drawing.getvalue()


def picture(link: str) -> str:
    """Returns `link` as a code in SVG, which a page can contain; it grows with the page."""
    return segno.make(link, error="m", micro=False).svg_inline(
        border=4, omitsize=True, light="#fff", dark="#000"
    )


class _Cell(NamedTuple):
    """How many modules of a code one character holds."""

    columns: int
    rows: int


_HALVES: Final = _Cell(1, 2)
"""▀: a terminal's cell is about twice as high as wide, so modules are square. Every font has these."""

_SEXTANTS: Final = _Cell(2, 3)
"""🬁 (Unicode 13): two thirds of the height, for a window with few rows. Terminals draw them themselves;
modules are a third higher than wide, which every scanner corrects, as it does for a code seen from the
side."""

Level = Literal["l", "m"]

_CHOICES: Final[Sequence[tuple[_Cell, Level, int]]] = (
    (_HALVES, "m", 4),
    (_HALVES, "l", 4),
    (_HALVES, "m", 2),
    (_HALVES, "l", 2),
    (_SEXTANTS, "m", 4),
    (_SEXTANTS, "l", 4),
    (_SEXTANTS, "l", 3),
    (_SEXTANTS, "l", 2),
)
"""Cell, error correction, and white modules around it, the best first. The standard wants four white modules
(ISO/IEC 18004, section 6.3.8); scanners manage with two. A screen has no scratches, so level L does where M
is too large."""

_HALF_BLOCKS: Final = " ▀▄█"
_SEXTANT_ZERO: Final = 0x1FB00
_LEFT_HALF, _RIGHT_HALF, _FULL = 0b010101, 0b101010, 0b111111
"""Of the sextants, these are older characters, so the block of the new ones skips them."""


@lru_cache(maxsize=16)
def code_within(link: str, columns: int, rows: int) -> tuple[str, ...]:
    """Returns the best drawing of `link` that fits, one string a row, its white margin included; () if none
    does.

    A filled part of a cell is a dark module, so draw it black on white.
    """
    for cell, level, margin in _CHOICES:
        modules = _with_margin(_modules(link, level), margin, cell)
        if len(modules) // cell.rows <= rows and len(modules[0]) // cell.columns <= columns:
            return tuple(
                _row(modules[top : top + cell.rows], cell) for top in range(0, len(modules), cell.rows)
            )
    return ()


def _modules(link: str, level: Level) -> list[bytes]:
    return [bytes(row) for row in segno.make(link, error=level, micro=False).matrix]


def _with_margin(modules: Sequence[bytes], margin: int, cell: _Cell) -> list[bytes]:
    """White around it, on the right and below as much more as fills the cells."""
    size = len(modules) + 2 * margin
    width, height = (size + -size % each for each in cell)
    white = bytes(width)
    lines = [bytes(margin) + row + bytes(width - margin - len(row)) for row in modules]
    return [white] * margin + lines + [white] * (height - margin - len(lines))


def _row(lines: Sequence[bytes], cell: _Cell) -> str:
    drawn = []
    for left in range(0, len(lines[0]), cell.columns):
        bits = [line[left + column] for line in lines for column in range(cell.columns)]
        pattern = sum(1 << number for number, bit in enumerate(bits) if bit)
        drawn.append(_HALF_BLOCKS[pattern] if cell is _HALVES else _sextant(pattern))
    return "".join(drawn)


def _sextant(pattern: int) -> str:
    """The character for six bits: top left, top right, middle left, and so on."""
    older = {0: " ", _LEFT_HALF: "▌", _RIGHT_HALF: "▐", _FULL: "█"}
    skipped = 1 + (pattern > _LEFT_HALF) + (pattern > _RIGHT_HALF)
    return older.get(pattern) or chr(_SEXTANT_ZERO + pattern - skipped)
