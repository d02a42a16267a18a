"""What the room knows of a device: whether it talks, listens, has sound, and the readings of its files and
lines."""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Final

from streamer.client.room import Room
from streamer.client.unattended import Remarks
from streamer.device.config import MOST_NAMES, TelemetryConfig
from streamer.device.sound import Loudspeaker
from streamer.wire.programs import Value, Values

MAX_READING_CHARACTERS: Final = 200
"""Of one value: those of 16 long ones fit what a relay keeps of a device."""

_SOON_S: Final = 0.2
"""Changes within this time are told as one: a relay takes a few messages per second, and a key may
flutter."""

_READ_BYTES: Final = 4 * MAX_READING_CHARACTERS
"""A character takes up to four bytes in UTF-8."""


class DeviceState:
    """`run` tells the room; whoever changes something calls `changed`. `tell` gets a line for the log."""

    def __init__(
        self,
        loudspeaker: Loudspeaker,
        config: TelemetryConfig,
        tell: Callable[[str], None],
        *,
        muted: bool,
        pushes: bool,
        offers: Values,
    ) -> None:
        """`pushes` says that it talks only while a button is pressed; `offers` is what it lets itself be
        told."""
        self._loudspeaker = loudspeaker
        self._config = config
        self._remarks = Remarks(tell)
        self._muted = muted
        self._pushes = pushes
        self._offers = offers
        self._pressed: bool | None = None
        self._room: Room | None = None
        self._readings: Values = {}
        self._began = monotonic()
        self._has_changed = asyncio.Event()
        self.has_speaker = False
        self.has_microphone = False

    @property
    def is_silent(self) -> bool:
        """Nobody hears it: by a command, or since its button is not pressed."""
        return self._muted or (self._pushes and not self._pressed)

    def enter(self, room: Room | None) -> None:
        """What is said goes to `room` from now on."""
        self._room = room
        self._apply()

    def set_muted(self, muted: bool) -> None:
        self._muted = muted
        self._apply()

    def press(self, pressed: bool | None) -> None:
        self._pressed = pressed
        self._apply()

    def set_sound(self, *, speaker: bool, microphone: bool) -> None:
        self.has_speaker, self.has_microphone = speaker, microphone
        self.changed()

    def take_reading(self, name: str, text: str) -> None:
        """A line of standard input."""
        if name in self._readings or len(self._readings) < MOST_NAMES:
            self._readings[name[:MAX_READING_CHARACTERS]] = _value(text)
            self.changed()

    def changed(self) -> None:
        self._has_changed.set()

    async def run(self, room: Room) -> None:
        """Tell at once, whenever something changes, and every now and then, so that the room sees that it is
        alive."""
        while True:
            try:
                room.tell(self.values())
            except ValueError as error:
                self._remarks(f"The readings can't be told: {error}")
                room.tell(self._own_values())
            self._has_changed.clear()
            await asyncio.sleep(_SOON_S)
            try:
                async with asyncio.timeout(max(0.0, self._config.every_s - _SOON_S)):
                    await self._has_changed.wait()
            except TimeoutError:
                continue

    def values(self) -> Values:
        files: Mapping[str, Value] = {name: self._read(path) for name, path in self._config.files.items()}
        return {**self._own_values(), **files, **self._readings}

    def _own_values(self) -> Values:
        values: Values = {
            "muted": self._muted,
            "volume": self._loudspeaker.volume,
            "listening": self._loudspeaker.listens,
            "loudspeaker": self.has_speaker,
            "microphone": self.has_microphone,
            "running_s": int(monotonic() - self._began),
            **self._offers,
        }
        return values | {"button": self._pressed} if self._pushes else values

    def _apply(self) -> None:
        if self._room and self._room.me.muted != self.is_silent:
            self._room.mute(self.is_silent)
        self.changed()

    def _read(self, path: Path) -> Value:
        """The first line of a file; None, not known, if it can't be read."""
        try:
            # A pipe would wait for its writer.
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            try:
                line = os.read(handle, _READ_BYTES).split(b"\n", 1)[0]
            finally:
                os.close(handle)
        except OSError as error:
            self._remarks(f"A reading is unknown: {path}: {error.strerror or error}")
            return None
        return _value(line.decode(errors="replace").strip())


def _value(text: str) -> Value:
    """A number, true, false or null as JSON has them, or else the text."""
    try:
        found = json.loads(text, parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        found = text
    if isinstance(found, float | int) and abs(found) < 2**53:
        return found
    return found if found is None else text[:MAX_READING_CHARACTERS]
