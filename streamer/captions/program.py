"""`streamer captions` as a whole: rooms that are captioned by one engine, and captions shown in a
terminal."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

from streamer.captions.captioner import RoomCaptions
from streamer.captions.engine import Engine
from streamer.captions.filter import Filter
from streamer.captions.recognition import Recognition
from streamer.client.events import Caption, Captioning
from streamer.client.room import join
from streamer.client.standard_input import until_input_ends
from streamer.client.tasks import first_of
from streamer.client.told import Told
from streamer.client.way_in import entered
from streamer.errors import DeniedError, RefusedError, StreamerError
from streamer.terminal_text import one_line

_REST_S: Final = 5.0
"""Seconds before a room that was lost is tried again: the relay may be beginning anew."""


@dataclass(frozen=True, slots=True)
class CaptionOptions:
    """Of `streamer captions`; `from_input` means that it ends with its standard input."""

    urls: Sequence[str]
    name: str = "Captions"
    ca_file: Path | None = None
    filter: str = ""
    filter_deadline_s: float = 2.0
    from_input: bool = False


async def caption(options: CaptionOptions, engine: Engine, say: Callable[[str], None]) -> None:
    """Captions all rooms, until it is cancelled. Raises StreamerError where one of them can't be
    captioned."""
    recognition = Recognition(engine.recogniser, say)
    filter_ = Filter(options.filter, options.filter_deadline_s, say) if options.filter else None
    jobs = [
        recognition.run(),
        *(_stay(url, options, engine, recognition, filter_, say) for url in options.urls),
    ]
    if filter_:
        jobs.append(filter_.run())
    if options.from_input:
        jobs.append(until_input_ends())
    await first_of(*jobs)


async def _stay(
    url: str,
    options: CaptionOptions,
    engine: Engine,
    recognition: Recognition,
    filter_: Filter | None,
    say: Callable[[str], None],
) -> None:
    """In one room, again and again; only what will be so the next time, too, ends it."""
    while True:
        try:
            room = join(url, name=options.name, ca_file=options.ca_file, listening=True, wait=True)
            async with entered(room, say):
                say(f"{one_line(room.name)} is captioned now")
                await RoomCaptions(room, engine.detector, recognition, say, filter_).run()
        except DeniedError:
            raise StreamerError(_NO_RIGHT) from None
        except RefusedError:
            raise
        except StreamerError as error:
            say(str(error))
        await asyncio.sleep(_REST_S)


_NO_RIGHT: Final = "Only the host's link, or a token with the scope caption, lets a program caption a room"


async def show(url: str, name: str, ca_file: Path | None, tell: Callable[[str], None]) -> None:
    """Tells each final line, until the room is closed."""
    told = Told(tell, perf_counter)
    room = join(url, name=name, ca_file=ca_file, listening=True, wait=True)
    events = room.events()
    room.read_captions()
    with suppress(BrokenPipeError):
        async with entered(room, lambda words: told(f"({words})")):
            async for event in events:
                match event:
                    case Caption(name=speaker, text=text, final=True) if text:
                        told(f"{one_line(speaker)}: {one_line(text)}")
                    case Captioning(False):
                        told("(Nobody is captioning this room now)")
