"""In place of meters, for programs: once a second one line of JSON on standard output, with every talker's
figure."""

import asyncio
import json
import sys
from time import perf_counter
from types import TracebackType
from typing import Any, Final, Self

from streamer.client.ears import Ear
from streamer.client.room import Room
from streamer.client.terminal.live_view import SAID
from streamer.client.terminal.push_to_talk import PushToTalk
from streamer.terminal.keyboard import Keyboard
from streamer.terminal.output import Output
from streamer.terminal_text import one_line

_EVERY_S: Final = 1.0
"""As often as delays are measured anew: more lines would repeat themselves."""


class FigureLines:
    """A context: while it lasts, lines come. What people should know goes to standard error."""

    def __init__(self) -> None:
        self._output = Output(sys.stdout)
        self._words = Output(sys.stderr)
        self._show: tuple[Room, Ear] | None = None

    def tell(self, text: str) -> None:
        print(text, file=self._words, flush=True)

    def tell_said(self, name: str, text: str) -> None:
        self.tell(f"{SAID}{name}: {text}")

    def ring(self) -> None:
        """Programs hear no bell."""

    def show(self, room: Room, ear: Ear, keyboard: Keyboard, push_to_talk: PushToTalk | None = None) -> Self:
        self._show = room, ear
        return self

    async def run(self) -> None:
        """Raises OSError when nobody can read the lines any longer."""
        task = asyncio.ensure_future(self._print())
        try:
            await self._output.run()
        finally:
            task.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    async def _print(self) -> None:
        while self._show:
            await asyncio.sleep(_EVERY_S)
            print(json.dumps(figure_line(*self._show)), file=self._output, flush=True)


def figure_line(room: Room, ear: Ear) -> dict[str, Any]:
    """What is known now of everybody in the room."""
    clock = room.clock
    return {
        "room": one_line(room.name),
        "round_trip_ms": clock.round_trip_us and clock.round_trip_us / 1000,
        "clock_error_us": clock.error_us(perf_counter() * 1e6),
        "drift_ppm": clock.drift_ppm,
        "talkers": [
            {
                "talker_id": member.talker_id,
                "name": one_line(member.name),
                **figure.to_json(),
                "jitter_buffer": ear.statistics(member),
            }
            for member in room.members
            if (figure := ear.delay(member))
        ],
    }
