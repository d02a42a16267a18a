"""A terminal's screen as a picture, and what a scanner reads in it."""

import numpy as np
import pyte
import zxingcpp
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Grey: rows and columns of pixels, 0 is black."""

WIDTH, HEIGHT = 8, 18
"""Of a cell, in pixels: a little higher than twice its width, as with most fonts. Both divide into the shapes
below."""

NAMED = {"black": 0, "white": 229, "brightblack": 127, "brightwhite": 255}
"""Greys of xterm; none of the other colours is used for a code."""


def draw_cells(screen: pyte.Screen, *, is_light: bool = False) -> Picture:
    """Blocks as a terminal draws them, to the edge of the cell; of a letter, what a scanner may mistake for
    modules."""
    paper, ink = (255, 34) if is_light else (16, 204)
    picture = np.full((screen.lines * HEIGHT, screen.columns * WIDTH), paper, dtype=np.uint8)
    for row in range(screen.lines):
        for column in range(screen.columns):
            cell = screen.buffer[row][column]
            fg, bg = grey(cell.fg, ink), grey(cell.bg, paper)
            if cell.reverse:
                fg, bg = bg, fg
            there = picture[row * HEIGHT : (row + 1) * HEIGHT, column * WIDTH : (column + 1) * WIDTH]
            there[:] = np.where(shape(cell.data), fg, bg)
    return picture


def grey(colour: str, default: int) -> int:
    if colour == "default":
        return default
    if colour in NAMED:
        return NAMED[colour]
    red, green, blue = (int(colour[start : start + 2], 16) for start in (0, 2, 4))
    return round(0.3 * red + 0.59 * green + 0.11 * blue)


def shape(character: str) -> NDArray[np.bool_]:
    filled = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    pattern = {"▌": 0b010101, "▐": 0b101010}.get(character)
    if "\U0001fb00" <= character <= "\U0001fb3b":
        new = [bits for bits in range(1, 63) if bits not in (0b010101, 0b101010)]
        pattern = new[ord(character) - 0x1FB00]
    if pattern is not None:
        for bit in range(6):
            top, left = bit // 2 * HEIGHT // 3, bit % 2 * WIDTH // 2
            filled[top : top + HEIGHT // 3, left : left + WIDTH // 2] = pattern >> bit & 1
    elif character in "▀▄█":
        filled[: HEIGHT // 2] = character in "▀█"
        filled[HEIGHT // 2 :] = character in "▄█"
    elif character.strip():
        filled[5:14:3, 1:7] = True
    return filled


def codes_in(picture: Picture) -> list[str]:
    """What a scanner finds."""
    return [found.text for found in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)]
