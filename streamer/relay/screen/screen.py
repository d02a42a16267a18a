"""The screen of `streamer serve`: lines are printed as usual, and below them are the code and what happens
now.

The code is last, and complete, so that a phone can scan it as soon as the relay runs. Nothing here waits for
the terminal: a thread writes, and what would only be drawn again is left out while the terminal takes
nothing.
"""

import asyncio
import logging
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Final, Protocol, TextIO, cast

import click
from rich.console import Console, ConsoleDimensions
from rich.text import Text

from streamer.relay.background import surviving
from streamer.relay.rooms.glance import Glance
from streamer.relay.screen.code_page import CodePage, opener
from streamer.relay.screen.layout import Key, View, frame
from streamer.terminal.background_output import BackgroundOutput
from streamer.terminal.keyboard import Keyboard, SingleKeys, is_foreground
from streamer.terminal.region import Region
from streamer.terminal_text import one_line

TICK_S: Final = 0.25
"""Who begins to talk is seen at once; drawing costs about 1 ms, and only what has changed is drawn."""

SURE_S: Final = 5.0
"""In which the second press of `q` ends the talk of those who are here."""

LINES_KEPT: Final = 200
"""Printed again after the window has changed its size, as far as they fit."""

CLOSE_S: Final = 1.0
"""For a terminal that takes nothing; the relay ends anyway."""


class House(Protocol):
    """What the screen shows, and what its keys do."""

    @property
    def rooms(self) -> Sequence[str]:
        """Never empty."""

    @property
    def troubles(self) -> Sequence[str]:
        """What the host should know, in words."""

    def link(self, room: str) -> str:
        """What the code holds: the present invitation."""

    def glance(self, room: str) -> Glance: ...

    def lock(self, room: str, *, locked: bool) -> None: ...


class Screen:
    """`tell` prints a line at any time; `run` draws below it until somebody presses `q`."""

    def __init__(self, log_handler: logging.StreamHandler[TextIO] | None = None) -> None:
        """`log_handler`: whose lines must not tear the screen, if they go to the same terminal."""
        self._log_handler = log_handler
        self._region: Region | None = None
        self._is_front = False
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._keyboard = Keyboard(SingleKeys())
        self._page = CodePage()
        self._room = 0
        self._shows_code = True
        self._asked_s = float("-inf")
        self._drawn: tuple[View, ConsoleDimensions] | None = None
        self._ended = asyncio.Event()

    def tell(self, text: str) -> None:
        """Raises OSError or ValueError where it can't be printed, as long as the screen is not drawn."""
        self._lines.extend(text.split("\n"))
        if self._region:
            self._print(text)
        else:
            click.echo(text)

    async def run(self, house: House) -> None:
        self._house = house
        self._output = BackgroundOutput(sys.stdout)
        self._console = Console(file=cast(TextIO, self._output), highlight=False, no_color=False)
        self._region = region = Region(self._console)
        self._keyboard.on_foreground = self._on_foreground
        self._keyboard.on_key = self._draw
        before = self._take_logs()
        try:
            with self._keyboard.lines(self._on_press):
                self._on_foreground(is_foreground())
                await self._until_ended()
        finally:
            region.clear()
            self._region = None
            self._give_logs_back(before)
            self._page.close()
            self._output.close(CLOSE_S)

    async def _until_ended(self) -> None:
        while not self._ended.is_set():
            with surviving("the screen"):
                self._draw()
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._ended.wait()

    @property
    def _shown_room(self) -> str:
        rooms = self._house.rooms
        return rooms[self._room % len(rooms)]

    def _view(self) -> View:
        room = self._shown_room
        glance = self._house.glance(room)
        keys = [Key("c", "hide the code" if self._shows_code else "show the code", "code")]
        keys += [Key("r", "next room", "room")] if len(self._house.rooms) > 1 else []
        keys += [
            Key("l", "unlock the room", "unlock") if glance.locked else Key("l", "lock the room", "lock")
        ]
        keys += [Key("q", "quit", "quit")]
        keys += [Key("o", "open in the browser", "browser")] if opener() else []
        question = (
            "People are connected. Press q again to disconnect them and quit." if self._is_asked else ""
        )
        notes = tuple(self._house.troubles)
        return View(room, self._house.link(room), glance, tuple(keys), notes, self._shows_code, question)

    @property
    def _is_asked(self) -> bool:
        return monotonic() - self._asked_s < SURE_S

    def _draw(self) -> None:
        """Only what has changed, and only if the terminal has taken what came before."""
        if not self._region or not self._is_front or not self._output.is_idle:
            return
        view, size = self._view(), self._console.size
        self._page.update(one_line(view.room), view.link)
        if (view, size) == self._drawn:
            return
        if self._drawn and self._drawn[1] != size:
            self._region.start_again()
            self._region.print(_plain("\n".join(self._lines)))
        self._drawn = view, size
        self._region.draw(frame(view, self._console, size.width, size.height))

    def _print(self, text: str) -> None:
        assert self._region
        self._region.print(_plain(text))

    def _on_foreground(self, is_front: bool) -> None:
        """In the background the terminal is the shell's: lines are printed there, and nothing is drawn."""
        assert self._region
        self._is_front = is_front
        self._drawn = None
        if is_front:
            with surviving("the screen"):
                self._draw()
        else:
            self._region.clear()
            self._output.wait_idle(CLOSE_S)

    def _on_press(self, key: str) -> None:
        actions: dict[str, Callable[[], None]] = {
            "c": self._switch_code,
            "r": self._next_room,
            "l": self._lock,
            "o": self._open,
            "q": self._quit,
        }
        action = actions.get(key.lower())
        if action:
            with surviving("the screen"):
                action()

    def _switch_code(self) -> None:
        self._shows_code = not self._shows_code

    def _next_room(self) -> None:
        self._room = (self._room + 1) % len(self._house.rooms)
        self._shows_code = True

    def _lock(self) -> None:
        room = self._shown_room
        self._house.lock(room, locked=not self._house.glance(room).locked)

    def _open(self) -> None:
        room = self._shown_room
        try:
            self._page.open(one_line(room), self._house.link(room))
        except OSError as error:
            self._print(f"The code can't be opened in a browser: {error.strerror or error}")

    def _quit(self) -> None:
        glance = self._house.glance(self._shown_room)
        if (glance.people or glance.elsewhere) and not self._is_asked:
            self._asked_s = monotonic()
        else:
            self._ended.set()

    def _take_logs(self) -> TextIO | None:
        handler = self._log_handler
        if handler is None or not handler.stream.isatty():
            return None
        return handler.setStream(cast(TextIO, _LogLines(self._print)))

    def _give_logs_back(self, stream: TextIO | None) -> None:
        if self._log_handler and stream:
            self._log_handler.setStream(stream)


def _plain(text: str) -> Text:
    return Text("\n".join(map(one_line, text.split("\n"))))


class _LogLines:
    """A file for a log handler, which writes one record at a time."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    def write(self, text: str) -> int:
        with suppress(Exception):  # a log line must not end what it tells of
            self._show(text.rstrip("\n"))
        return len(text)

    def flush(self) -> None:
        pass
