"""Push to talk without a screen: a file that a driver writes, a key of a keyboard, or lines on standard
input.

Each tells `on_press` whenever it changes; None is unknown, when the file or the keyboard is gone: nobody
talks.
"""

import asyncio
import codecs
import os
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from streamer.client.unattended import Remarks
from streamer.errors import in_words

OnPress = Callable[[bool | None], None]

LOOK_S: Final = 0.01
"""How often a file is read: a packet's length, and 0.3 % of a small processor. Not every driver's file tells
when it has changed."""

AGAIN_S: Final = 1.0
"""Before a keyboard that was unplugged is looked for again."""

_FILE_BYTES: Final = 64
_EVENT: Final = struct.Struct("llHHi")
"""`struct input_event` of Linux: the time in s and µs, type, code, value (input.h)."""

_EV_KEY: Final = 0x01
_RELEASED: Final = 0
_READ_BYTES: Final = 64 * _EVENT.size
_MAX_LINE_CHARACTERS: Final = 4_096
"""Many times as much as any order: the rest of an endless line is not kept."""


class FileButton:
    """Pressed while the file holds `pressed`; spaces around it do not count."""

    def __init__(self, path: Path, pressed: str, on_press: OnPress, tell: Callable[[str], None]) -> None:
        self._path = path
        self._pressed = pressed.strip().encode()
        self._on_press = on_press
        self._remarks = Remarks(tell)
        self._last: bool | None = None

    async def run(self) -> None:
        self._on_press(None)
        while True:
            is_pressed = self._read()
            if is_pressed != self._last:
                self._last = is_pressed
                self._on_press(is_pressed)
            await asyncio.sleep(LOOK_S)

    def _read(self) -> bool | None:
        try:
            # each time anew: a driver may replace the file; a pipe would otherwise wait for its writer
            handle = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
            try:
                content = os.read(handle, _FILE_BYTES)
            finally:
                os.close(handle)
        except OSError as error:
            self._remarks(f"The button is unknown: {in_words(error)}")
            return None
        self._remarks.forget()
        return content.strip() == self._pressed


class KeyButton:
    """Pressed while the key `code` is down, as Linux tells it at `path`, such as /dev/input/event0."""

    def __init__(self, path: Path, code: int, on_press: OnPress, tell: Callable[[str], None]) -> None:
        self._path = path
        self._code = code
        self._on_press = on_press
        self._remarks = Remarks(tell)
        self._rest = b""

    async def run(self) -> None:
        while True:
            self._on_press(None)
            try:
                await self._follow()
            except OSError as error:
                self._remarks(f"The key is unknown: {in_words(error)}")
            await asyncio.sleep(AGAIN_S)

    async def _follow(self) -> None:
        """Until the keyboard is gone."""
        handle = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        self._rest = b""
        try:
            loop.add_reader(handle, self._read, handle, gone)
            self._remarks.forget()
            self._on_press(False)
            await gone.wait()
        finally:
            loop.remove_reader(handle)
            os.close(handle)

    def _read(self, handle: int, gone: asyncio.Event) -> None:
        try:
            data = os.read(handle, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(handle)
            gone.set()
            return
        self._rest += data
        whole = len(self._rest) - len(self._rest) % _EVENT.size
        for _, _, kind, code, value in _EVENT.iter_unpack(self._rest[:whole]):
            if kind == _EV_KEY and code == self._code:
                self._on_press(value != _RELEASED)  # 2 is a repetition while it is down
        self._rest = self._rest[whole:]


class Lines:
    """Standard input, a line at a time, for as long as there is one: a driver's pipe, or a person's
    terminal."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    async def run(self) -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        stdin = None
        with suppress(AttributeError, OSError, ValueError):
            stdin = sys.stdin.fileno()
            loop.add_reader(stdin, self._read, stdin, ended)
        try:
            await ended.wait()
        finally:
            if stdin is not None:
                with suppress(OSError, ValueError):
                    loop.remove_reader(stdin)

    def _read(self, stdin: int, ended: asyncio.Event) -> None:
        try:
            data = os.read(stdin, _MAX_LINE_CHARACTERS)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(stdin)
            ended.set()
        *lines, rest = (self._rest + self._decoder.decode(data)).split("\n")
        self._rest = rest[-_MAX_LINE_CHARACTERS:]
        for line in lines:
            self._on_line(line.strip())
