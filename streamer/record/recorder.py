"""`streamer record`: a member that listens and keeps what it hears, once everybody has been told.

Nothing is kept before the relay has answered that all know of the recording. A lost connection interrupts it;
it goes on in the same files when it is back, and all have been told again.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, NoReturn

from streamer.client.events import (
    Back,
    Caption,
    Chat,
    Entered,
    Event,
    Joined,
    Left,
    Lost,
    Missed,
    Received,
    Refused,
)
from streamer.client.events import Recording as RecordingState
from streamer.client.interrupts import until_interrupted
from streamer.client.mailbox import Mailbox
from streamer.client.room import join
from streamer.client.standard_input import until_input_ends
from streamer.client.tasks import first_of
from streamer.client.way_in import entered
from streamer.errors import ConnectionLostError, DeniedError, SetupError, StreamerError
from streamer.record.folder import Folder, check_space
from streamer.record.recording import Recording

TICK_S: Final = 0.2
"""Between two looks at what is due; a part of the second that a crash may lose."""


LONGEST_SAID_S: Final = 120.0
"""Of one line of captions: nobody speaks for so long without a pause."""


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """What `streamer record` was asked for; `output` is a folder."""

    url: str
    output: Path
    name: str = "Recorder"
    ca_file: Path | None = None
    wait: bool = False
    from_input: bool = False
    """It ends with its standard input."""


async def record(options: RecordOptions, tell: Callable[[str], None]) -> None:
    """Record until Ctrl-C, or until the relay sends us away. `tell` gets lines for people. Raises
    StreamerError."""
    await until_interrupted(Recorder(options, tell).run())


class Recorder:
    def __init__(self, options: RecordOptions, tell: Callable[[str], None]) -> None:
        self._options = options
        self._tell = tell
        self._room = join(
            options.url, name=options.name, ca_file=options.ca_file, listening=True, wait=options.wait
        )
        self._names: dict[int, str] = {}
        self._recording: Recording | None = None
        self._is_on = False
        self._left_out: set[int] = set()

    async def run(self) -> None:
        check_space(self._options.output)  # nobody is to be told of a recording that can't begin
        events, packets = self._room.events(), self._room.packets()
        room = self._room
        async with entered(room, self._tell, "Lost the relay: nothing is recorded until it is back"):
            room.read_captions()
            try:
                works = [self._follow(events), self._keep(), self._take(packets), room.until_closed()]
                await first_of(*works, *([until_input_ends()] if self._options.from_input else []))
            except SetupError as error:
                self._end_early(error)
            finally:
                self._end()

    async def _follow(self, events: Mailbox[Event]) -> None:
        async for event in events:
            self._on_event(event)

    def _on_event(self, event: Event) -> None:
        now_s = perf_counter()
        match event:
            case Entered(_, _, members) | Back(_, members):
                self._names = {member.talker_id: member.name for member in members}
                self._ask()
            case Lost():
                self._is_on = False
                self._meet(set(), now_s)
            case RecordingState(on, _, left_out):
                self._on_state(on, set(left_out), now_s)
            case Refused("no-right", text):
                raise DeniedError(f"This link may not record: {text}", code="no-right")
            case Joined(member):
                self._names[member.talker_id] = member.name
                self._meet(set(self._names.values()), now_s)
            case Left(member):
                self._names.pop(member.talker_id, None)
                self._leave_out()
                self._meet(set(self._names.values()), now_s)
            case Chat() | Caption():
                self._on_words(event, now_s)
            case Missed(count):
                self._tell(f"This computer is too slow: {count:,} events are missing")

    def _on_words(self, words: Chat | Caption, now_s: float) -> None:
        """Chat of before we came is not of this recording; a final caption without text withdraws its line.

        A caption that is kept in the chat comes as what it is, too.
        """
        if not self._recording or not self._is_on:
            return
        if isinstance(words, Chat):
            if words.age_s == 0 and not words.caption:
                self._recording.wrote(words.name, words.text, now_s)
            return
        relay_us = self._room.clock.relay_us(now_s * 1e6)
        if words.final and words.text and relay_us is not None:
            ahead_s = now_s - relay_us / 1e6
            begin_s, end_s = said_between(words.start_ms / 1e3 + ahead_s, words.end_ms / 1e3 + ahead_s, now_s)
            self._recording.captioned(words.name, words.text, begin_s, end_s)

    def _ask(self) -> None:
        with suppress(ConnectionLostError):
            self._room.send({"type": "recording", "on": True})

    def _on_state(self, on: bool, left_out: set[int], now_s: float) -> None:
        """The relay's answer: from here on everybody knows."""
        self._is_on = on
        if not on:
            return
        if self._recording is None:
            folder = Folder(self._options.output)
            self._recording = Recording(folder, self._room.name, now_s, self._room.captured_s)
            self._tell(f"Recording {self._room.name} into {folder.path}")
        self._left_out = left_out
        self._leave_out()
        self._meet(set(self._names.values()), now_s)

    def _leave_out(self) -> None:
        """By name. Whoever comes by the name of one who left is another one."""
        if self._recording:
            self._recording.leave_out({self._names[each] for each in self._left_out if each in self._names})

    def _meet(self, names: set[str], now_s: float) -> None:
        if self._recording:
            self._recording.meet(names, now_s)

    async def _take(self, packets: Mailbox[Received]) -> None:
        missed = 0
        async for received in packets:
            if self._recording and self._is_on:
                member = received.member
                self._recording.push(member.talker_id, member.name, received.packet, received.arrived_s)
            if packets.missed > missed:
                self._tell(f"This computer is too slow: {packets.missed - missed:,} packets are missing")
                missed = packets.missed

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            if self._recording:
                self._recording.tick(perf_counter())

    def _end_early(self, error: SetupError) -> NoReturn:
        """The disk took no more."""
        recording = self._recording
        if recording is None:
            raise error
        try:
            self._end()
        except SetupError:
            raise SetupError(f"{error}. What was recorded before plays, but for its last second") from None
        raise SetupError(f"{error}. What was recorded before is complete, and plays") from None

    def _end(self) -> None:
        recording, self._recording = self._recording, None
        with suppress(StreamerError):
            self._room.send({"type": "recording", "on": False})
        if recording:
            recording.close(perf_counter())


def said_between(begin_s: float, end_s: float, now_s: float) -> tuple[float, float]:
    """When a line was said, by who captions: not later than now, and not for ever, or a player shows it
    throughout."""
    end_s = min(end_s, now_s)
    return min(max(begin_s, end_s - LONGEST_SAID_S), end_s), end_s
