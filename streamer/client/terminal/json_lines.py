"""In place of meters, for programs: once a second one line of JSON on standard output, with every talker's figure."""

import asyncio
import json
import sys
from time import perf_counter
from types import TracebackType
from typing import Any, Final, Self

from streamer.client.audio.packetizer import Voice
from streamer.client.delay.delay_monitor import Timing, to_us
from streamer.client.members import Roster
from streamer.client.terminal.live_view import SAID
from streamer.client.terminal.push_to_talk import PushToTalk
from streamer.terminal.keyboard import Keyboard
from streamer.terminal.output import Output

_EVERY_S: Final = 1.0


class FigureLines:
    """A context: while it lasts, lines come. What people should know goes to standard error."""

    def __init__(self) -> None:
        self._output = Output(sys.stdout)
        self._words = Output(sys.stderr)
        self._show: tuple[Roster, Timing] | None = None

    def tell(self, text: str) -> None:
        print(text, file=self._words, flush=True)

    def tell_said(self, name: str, text: str) -> None:
        self.tell(f"{SAID}{name}: {text}")

    def show(
        self,
        roster: Roster,
        timing: Timing,
        voice: Voice | None,
        keyboard: Keyboard,
        push_to_talk: PushToTalk | None = None,
    ) -> Self:
        self._show = roster, timing
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
            print(json.dumps(figure_line(*self._show, perf_counter())), file=self._output, flush=True)


def figure_line(roster: Roster, timing: Timing, now: float) -> dict[str, Any]:
    """What is known of everybody in the room at `now`, in seconds of perf_counter()."""
    clock = timing.clock
    return {
        "room": roster.room,
        "round_trip_ms": clock.round_trip_us and clock.round_trip_us / 1000,
        "clock_error_us": clock.error_us(to_us(now)),
        "drift_ppm": clock.drift_ppm,
        "talkers": [
            {
                "talker_id": member.talker_id,
                "name": member.name,
                **member.mouth_to_ear.figure(to_us(now)).to_json(),
                "jitter_buffer": member.jitter_buffer.statistics,
            }
            for member in roster.members
        ],
    }
