"""`streamer talk` and `streamer listen`: a room with microphone, loudspeaker and terminal, or with files."""

import asyncio
from contextlib import AsyncExitStack, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from streamer.audio_format import CHANNELS, FRAME_MS, STEREO
from streamer.client.audio.codec import load_opus
from streamer.client.audio.microphone import BLOCK_SAMPLES, SHORT_BLOCK_SAMPLES, Microphone, Source
from streamer.client.audio.noise_suppression import Suppressed, load_noise_suppression
from streamer.client.audio.sound_files import STANDARD_STREAM
from streamer.client.audio.speaker import Playout, Pop, Speaker
from streamer.client.audio.wav_files import FilePlayout, FileSource
from streamer.client.commands import Commands
from streamer.client.ears import Ear
from streamer.client.events import Command, Event, Trouble
from streamer.client.interrupts import ended_by_signals, until_interrupted
from streamer.client.mailbox import Mailbox
from streamer.client.room import Room, join
from streamer.client.speech import always
from streamer.client.tasks import first_of
from streamer.client.terminal.json_lines import FigureLines
from streamer.client.terminal.live_view import Meters
from streamer.client.terminal.push_to_talk import PushToTalk
from streamer.client.terminal.words import Words
from streamer.errors import AudioError, StreamerError
from streamer.terminal.keyboard import Keyboard, is_terminal
from streamer.terminal.line_editor import LineEditor


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; without files, sound goes through `device`, or the default one."""

    url: str
    name: str = ""
    device: str | None = None
    input_file: Path | None = None
    output_file: Path | None = None
    ca_file: Path | None = None
    stay: bool = False
    figures: bool = False
    music: bool = False
    noise_suppression: bool = False
    packet_ms: float = 10.0
    ptt: str = ""
    """The key that lets the others hear us while it is held; without one, the voice does."""

    @property
    def writes_sound(self) -> bool:
        """To standard output, where then nothing else may be written."""
        return self.output_file == STANDARD_STREAM

    @property
    def stays(self) -> bool:
        """Until one leaves, and not only until the file has been said."""
        return self.stay or self.input_file is None

    @property
    def channels(self) -> int:
        return STEREO if self.music else CHANNELS

    @property
    def block_samples(self) -> int:
        """Of the sound card: short for short packets, so that these do not wait for each other."""
        return SHORT_BLOCK_SAMPLES if self.packet_ms < FRAME_MS else BLOCK_SAMPLES


async def talk(options: Options) -> None:
    """Talk and hear until Ctrl-C, or until the input file has been said (unless `stay`).

    Raises StreamerError.
    """
    await until_interrupted(_join(options, talking=True))


async def listen(options: Options) -> None:
    """Hear until Ctrl-C. Raises StreamerError."""
    await until_interrupted(_join(options, talking=False))


async def _join(options: Options, *, talking: bool) -> None:
    room = join(
        options.url,
        name=options.name,
        ca_file=options.ca_file,
        listening=not talking,
        music=options.music,
        reconnect=options.stays,
        packet_ms=options.packet_ms,
    )
    _check_files(options)
    load_opus()
    meters = (
        FigureLines() if options.figures else Meters(Console(stderr=True) if options.writes_sound else None)
    )
    async with AsyncExitStack() as stack:
        ear = room.ear(keeps_replay=True)
        with ended_by_signals():
            source = _open_source(options) if talking else None
            if source:
                stack.callback(source.close)
            playout = _open_playout(options, ear.pop, meters, needed=options.input_file is None)
            stack.callback(playout.close)
        for opened in (source, playout):
            if isinstance(opened, Microphone | Suppressed | Speaker) and opened.remark:
                meters.tell(opened.remark)
        is_shown = asyncio.Event()
        telling = asyncio.create_task(
            _tell(room.events(), Words(meters.tell, meters.tell_said, meters.ring), is_shown)
        )
        stack.callback(telling.cancel)
        await stack.enter_async_context(room)
        await _stay(options, room, ear, source, playout, meters, is_shown)


async def _stay(
    options: Options,
    room: Room,
    ear: Ear,
    source: Source | None,
    playout: Playout,
    meters: Meters | FigureLines,
    is_shown: asyncio.Event,
) -> None:
    left = asyncio.Event()
    commands = Commands(room, tell=meters.tell, leave=left.set, ear=ear)
    keyboard = Keyboard()
    push_to_talk = PushToTalk(options.ptt, keyboard.editor) if options.ptt else None
    if push_to_talk:
        keyboard.reader = push_to_talk
    typed = keyboard.lines(commands.obey) if options.input_file != STANDARD_STREAM else nullcontext()
    with meters.show(room, ear, keyboard, push_to_talk), typed:
        is_shown.set()
        await first_of(
            room.until_closed(),
            ear.run(playout),
            _talk(room, source, push_to_talk, stays=options.stays),
            _wait(left),
            meters.run(),
        )


async def _tell(events: Mailbox[Event], words: Words, is_shown: asyncio.Event) -> None:
    """What happens is told until the session ends; why it ended is told where it is waited for.

    Before the terminal is ours, only why it takes so long to come in is told.
    """
    with suppress(StreamerError):
        async for event in events:
            if not isinstance(event, Trouble):
                await is_shown.wait()
            words.on_event(event)
            if isinstance(event, Command):
                await event.answer("unknown", "A person at a terminal takes no commands")


async def _talk(room: Room, source: Source | None, push_to_talk: PushToTalk | None, *, stays: bool) -> None:
    if source:
        await room.talk(source, push_to_talk.is_held if push_to_talk else always)
        if not stays:
            return
    await asyncio.Event().wait()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


def _check_files(options: Options) -> None:
    if options.noise_suppression:
        _check_noise_suppression(options)
    if options.ptt:
        PushToTalk(options.ptt, LineEditor())
        if not is_terminal():
            raise StreamerError("--ptt needs a terminal, to hold a key in: standard input is not one")
    if options.writes_sound and options.figures:
        raise AudioError("standard output can't have both sound and figures: give --output a file")
    if STANDARD_STREAM in (options.input_file, options.output_file):
        return
    if (
        options.input_file
        and options.output_file
        and options.input_file.resolve() == options.output_file.resolve()
    ):
        raise AudioError(
            f"{options.input_file} can't be read and written at once: --output needs a file of its own"
        )


def _check_noise_suppression(options: Options) -> None:
    if options.music:
        raise AudioError("--noise-suppression is for a voice, and takes music for noise: leave out --music")
    if options.input_file:
        raise AudioError("--noise-suppression is for a microphone: leave out --input")
    if options.packet_ms < FRAME_MS:
        raise AudioError(f"--noise-suppression works on {FRAME_MS:g} ms at a time: leave out --packet-ms")
    load_noise_suppression()


def _open_source(options: Options) -> Source:
    if options.input_file:
        return FileSource(options.input_file, options.channels)
    microphone = Microphone(options.device, options.channels, options.block_samples)
    return Suppressed(microphone) if options.noise_suppression else microphone


def _open_playout(options: Options, pop: Pop, meters: Meters | FigureLines, *, needed: bool) -> Playout:
    if options.output_file:
        return FilePlayout(pop, options.output_file, options.channels)
    try:
        return Speaker(pop, options.device, options.channels, options.block_samples)
    except AudioError as error:
        if needed:
            raise
        meters.tell(f"You will hear nothing: {error}")
        return FilePlayout(pop)
