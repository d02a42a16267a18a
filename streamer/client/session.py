"""One member's stay in a room, from a terminal: opens what is needed, joins, and leaves whatever happens."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from rich.console import Console

from streamer.audio_format import CHANNELS, STEREO
from streamer.client.audio.codec import load_opus
from streamer.client.audio.microphone import Microphone, Source
from streamer.client.audio.packetizer import Voice
from streamer.client.audio.sound_files import STANDARD_STREAM
from streamer.client.audio.speaker import Playout, Speaker
from streamer.client.audio.wav_files import FilePlayout, FileSource
from streamer.client.commands import Commands
from streamer.client.delay.delay_monitor import Timing
from streamer.client.interrupts import ended_by_signals, until_interrupted
from streamer.client.members import Roster
from streamer.client.mixer import Mixer, StereoMixer
from streamer.client.own_state import OwnState
from streamer.client.reconnecting import Line
from streamer.client.terminal.json_lines import FigureLines
from streamer.client.terminal.live_view import Meters
from streamer.client.terminal.push_to_talk import PushToTalk
from streamer.errors import AudioError, StreamerError
from streamer.terminal.keyboard import Keyboard, is_terminal
from streamer.terminal.line_editor import LineEditor
from streamer.wire.messages import FromRelay
from streamer.wire.room_link import Address

_LOOK_S: Final = 0.1
_LAST_WORDS_S: Final = 0.5
"""Between the end of a file and leaving: what was said last has to be heard before we are gone."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line; without files, sound goes through `device`, or the default one."""

    url: str
    name: str = ""
    device: str | None = None
    input_file: Path | None = None
    output_file: Path | None = None
    ca_file: Path | None = None
    stay: bool = False
    figures: bool = False
    music: bool = False
    ptt: str = ""
    """The key that lets the others hear us while it is held; without one, the voice does."""

    @property
    def writes_sound(self) -> bool:
        """To standard output, where then nothing else may be written."""
        return self.output_file == STANDARD_STREAM

    @property
    def channels(self) -> int:
        return STEREO if self.music else CHANNELS


async def talk(options: Options) -> None:
    """Talk and hear until Ctrl-C, or until the input file has been said (unless `stay`). Raises StreamerError."""
    await until_interrupted(_join(options, talking=True))


async def listen(options: Options) -> None:
    """Hear until Ctrl-C. Raises StreamerError."""
    await until_interrupted(_join(options, talking=False))


class Session:
    """One stay, once everything is open. `voice` is None for one who only listens."""

    def __init__(
        self, line: Line, roster: Roster, source: Source | None, *, stay: bool = True, music: bool = False
    ) -> None:
        self._line = line
        line.on_lost = self._on_lost
        line.on_trouble = roster.on_trouble
        self._roster = roster
        self._source = source
        self._stay = stay
        self.timing = Timing(roster)
        self.voice = Voice(source.mode, music=music) if source else None
        self.own = OwnState(line.send_control)
        self.own.listening = source is None
        self.push_to_talk: PushToTalk | None = None
        self.left = asyncio.Event()

    async def run(self, playout: Playout) -> None:
        """Until the relay closes, or the source ends and we don't stay."""
        await _first_of(
            self._line.run(self._roster.on_packet, self._on_control),
            playout.run(),
            self._ping(),
            self._look(playout),
            self._talk(),
            self._until_left(),
        )

    def _on_control(self, message: FromRelay, now: float) -> None:
        match message["type"]:
            case "welcome":
                self._roster.on_control(message)
                self._line.send_control(self.timing.ping(now))
                if self.own.muted or self.own.hand:
                    self.own.tell()
            case "pong":
                self.timing.on_pong(message, now)
            case "clock":
                self.timing.on_clock(message, now)
            case "floor":
                self._roster.on_control(message)
                if message["on"] and message["talker_id"] == 0 and self.voice and self.voice.talking:
                    self._line.send_control({"type": "floor", "wants": True})
            case "mute":
                self._roster.on_control(message)
                self.own.change(muted=True)
            case _:
                self._roster.on_control(message)

    def _on_lost(self) -> None:
        self._roster.on_lost()
        self.timing.restart()

    async def _until_left(self) -> None:
        await self.left.wait()

    async def _ping(self) -> None:
        await self._roster.welcomed.wait()
        while True:
            self._line.send_control(self.timing.ping(perf_counter()))
            await asyncio.sleep(self.timing.clock.ping_every_us(perf_counter() * 1e6) / 1e6)

    async def _look(self, playout: Playout) -> None:
        while True:
            self.timing.look(playout.latency_s)
            await asyncio.sleep(_LOOK_S)

    async def _talk(self) -> None:
        await self._roster.welcomed.wait()
        if self._source and self.voice:
            await self._say(self._source, self.voice)
            if not self._stay:
                await asyncio.sleep(_LAST_WORDS_S)
                return
        self.own.nothing_to_say = True
        self.own.change()
        await asyncio.Event().wait()

    async def _say(self, source: Source, voice: Voice) -> None:
        source.start(perf_counter())
        while not source.ended:
            now = perf_counter()
            frame = source.pop(now)
            if frame is None:
                await asyncio.sleep(source.wait_s(now))
                continue
            position, samples = frame
            is_released = self.push_to_talk is not None and not self.push_to_talk.is_held(now)
            voice.gate.muted = self.own.muted or is_released
            was_talking = voice.talking
            packets = voice.packets(samples, position)
            if self._roster.one_at_a_time and voice.talking != was_talking:
                self._line.send_control({"type": "floor", "wants": voice.talking})
            for packet in packets:
                self._line.send_packet(packet.serialize())
            clock = self.timing.clock_message(source, position, perf_counter()) if packets else None
            if clock:
                self._line.send_control(clock)


async def _join(options: Options, *, talking: bool) -> None:
    address = Address.parse(options.url)
    _check_files(options)
    load_opus()
    mixer = StereoMixer() if options.music else Mixer()
    meters = FigureLines() if options.figures else Meters(Console(stderr=True) if options.writes_sound else None)
    async with AsyncExitStack() as stack:
        with ended_by_signals():
            source = _open_source(options) if talking else None
            if source:
                stack.callback(source.close)
            playout = _open_playout(options, mixer, meters, needed=options.input_file is None)
            stack.callback(playout.close)
        for opened in (source, playout):
            if isinstance(opened, Microphone | Speaker) and opened.remark:
                meters.tell(opened.remark)
        stay = options.stay or options.input_file is None
        line = await Line.open(address, name=options.name, ca_file=options.ca_file, lasting=stay)
        stack.push_async_callback(line.leave)
        roster = Roster(mixer, meters.tell, address.url, meters.tell_said)
        session = Session(line, roster, source, stay=stay, music=options.music)
        commands = Commands(roster, session.own, send=line.say, tell=meters.tell, leave=session.left.set)
        keyboard = Keyboard()
        if options.ptt:
            keyboard.reader = session.push_to_talk = PushToTalk(options.ptt, keyboard.editor)
        typed = keyboard.lines(commands.obey) if options.input_file != STANDARD_STREAM else nullcontext()
        with meters.show(roster, session.timing, session.voice, keyboard, session.push_to_talk), typed:
            await _first_of(session.run(playout), meters.run())


def _check_files(options: Options) -> None:
    if options.ptt:
        PushToTalk(options.ptt, LineEditor())
        if not is_terminal():
            raise StreamerError("--ptt needs a terminal, to hold a key in: standard input is none")
    if options.writes_sound and options.figures:
        raise AudioError("standard output can't have both sound and figures: give --output a file")
    if STANDARD_STREAM in (options.input_file, options.output_file):
        return
    if options.input_file and options.output_file and options.input_file.resolve() == options.output_file.resolve():
        raise AudioError(f"{options.input_file} can't be read and written at once: --output needs a file of its own")


def _open_source(options: Options) -> Source:
    if options.input_file:
        return FileSource(options.input_file, options.channels)
    return Microphone(options.device, options.channels)


def _open_playout(options: Options, mixer: Mixer, meters: Meters | FigureLines, *, needed: bool) -> Playout:
    if options.output_file:
        return FilePlayout(mixer.pop, options.output_file, options.channels)
    try:
        return Speaker(mixer.pop, options.device, options.channels)
    except AudioError as error:
        if needed:
            raise
        meters.tell(f"You will hear nothing: {error}")
        return FilePlayout(mixer.pop)


async def _first_of(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Runs all until one of them ends, and ends as that one did."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
