"""`streamer device`: joins its room when the machine starts, stays, obeys, and reports.

Sound devices, button and room come and go on their own; none of them ends the others.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from streamer.client.events import Command, Event, Muted
from streamer.client.mailbox import Mailbox
from streamer.client.room import join
from streamer.client.tasks import first_of
from streamer.client.unattended import stay_for_ever
from streamer.client.way_in import entered
from streamer.device.buttons import FileButton, KeyButton, Lines
from streamer.device.commands import DeviceCommands, offers_of
from streamer.device.config import DeviceConfig
from streamer.device.sound import DeviceSound, Loudspeaker, load_sounds
from streamer.device.state import DeviceState
from streamer.errors import StreamerError

MAX_COMMANDS: Final = 64
"""At work or waiting for their turn, as many as a relay has waiting for one member."""

_PRESSED: Final = ("talk", "1")
_RELEASED: Final = ("quiet", "0")


class Device:
    """`run` until cancelled; `tell` gets a line for the log. Raises AudioError for a sound that can't be
    played."""

    def __init__(self, config: DeviceConfig, tell: Callable[[str], None]) -> None:
        self._config = config
        self._tell = tell
        talk, sound = config.talk, config.sound
        self._loudspeaker = Loudspeaker(sound.volume, listens=sound.listen)
        self._pushes = talk.by in ("key", "file", "lines")
        self._state = DeviceState(
            self._loudspeaker,
            config.telemetry,
            muted=sound.muted,
            pushes=self._pushes,
            offers=offers_of(config.sounds, config.commands),
            tell=tell,
        )
        self._commands = DeviceCommands(
            self._state, self._loudspeaker, load_sounds(config.sounds), config.commands
        )
        self._sound = DeviceSound(sound.device, self._loudspeaker, self._on_sound, tell)
        self._is_pressed = False
        self._answering: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        works: list[Coroutine[Any, Any, None]] = [stay_for_ever(self._visit, self._tell), self._read_lines()]
        if not self._config.sound.is_off:
            works.append(self._sound.play())
        works += self._buttons()
        await first_of(*works)

    def _buttons(self) -> list[Coroutine[Any, Any, None]]:
        talk = self._config.talk
        if talk.by == "file" and talk.file:
            return [FileButton(talk.file, talk.pressed, self._state.press, self._tell).run()]
        if talk.by == "key" and talk.input:
            return [KeyButton(talk.input, talk.code, self._state.press, self._tell).run()]
        return []

    async def _read_lines(self) -> None:
        await Lines(self._on_line).run()
        if self._config.talk.by == "lines":
            self._state.press(None)
        await asyncio.Event().wait()  # a service has no standard input, and stays anyway

    def _on_line(self, line: str) -> None:
        """`talk`, `quiet`, an empty line for the other one of them, or NAME=VALUE, a reading."""
        name, is_reading, value = line.partition("=")
        if is_reading and name.strip():
            self._state.take_reading(name.strip(), value.strip())
        elif self._config.talk.by == "lines" and line in (*_PRESSED, *_RELEASED, ""):
            self._is_pressed = not self._is_pressed if line == "" else line in _PRESSED
            self._state.press(self._is_pressed)

    async def _visit(self) -> None:
        """One session in the room."""
        config = self._config
        never_talks = config.talk.by == "never" or config.sound.is_off
        room = join(config.link, name=config.name, ca_file=config.ca, listening=never_talks, wait=True)
        events = room.events()
        try:
            async with entered(room, self._tell):
                self._tell(f"In the room {room.name} as {room.me.name}")
                self._state.enter(room)
                works = [self._follow(events), self._state.run(room), room.until_closed()]
                if not never_talks:
                    works.append(self._sound.talk(room, "open" if self._pushes else "free"))
                if not config.sound.is_off:
                    self._loudspeaker.ear = room.ear()
                await first_of(*works)
        finally:
            self._state.enter(None)
            self._loudspeaker.ear = None

    async def _follow(self, events: Mailbox[Event]) -> None:
        async for event in events:
            if isinstance(event, Command):
                self._answer(event)
            elif isinstance(event, Muted):
                self._state.set_muted(True)

    def _answer(self, command: Command) -> None:
        """Each on its own: a program that takes its time holds up no other command."""
        if len(self._answering) >= MAX_COMMANDS:
            return  # the relay says that it timed out
        task = asyncio.ensure_future(self._obey(command))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _obey(self, command: Command) -> None:
        outcome, message = await self._commands.obey(command)
        try:
            await command.answer(outcome, message)
        except StreamerError:  # the room is away, and has told the sender so
            return

    def _on_sound(self) -> None:
        self._state.set_sound(speaker=self._sound.has_speaker, microphone=self._sound.has_microphone)
