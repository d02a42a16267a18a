"""A client that measures: a member like all others, whose microphone and loudspeaker are ours."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from streamer.audio_format import SAMPLE_RATE, SAMPLES_PER_FRAME
from streamer.client.audio.microphone import Source
from streamer.client.audio.samples import Samples, silence
from streamer.client.audio.speaker import Playout, Pop
from streamer.client.audio.transmit_gate import Mode
from streamer.client.ears import Ear
from streamer.client.room import Room, join
from streamer.client.tasks import first_of
from streamer.errors import MeasurementError

BLOCK_SAMPLES: Final = 240
SETTLE_S: Final = 2.0
"""Before the first chirp: until the clocks know each other, and the jitter buffer the network."""

_LOOK_S: Final = 0.02
"""So that a chirp is looked at while it lasts: in the quiet between them the jitter buffer may hold more, or
less."""

OnProgress = Callable[[float], None]
"""Told how much of the measurement is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """What to measure: `count` chirps, in the room whose link is `url`."""

    url: str
    count: int = 20
    ca_file: Path | None = None
    on_progress: OnProgress = lambda done: None


@dataclass(frozen=True, slots=True)
class MeasuringClient:
    """A room, what is heard in it, and what is said."""

    room: Room
    ear: Ear
    source: Source | None


async def enter(
    stack: AsyncExitStack, wish: MeasureOptions, name: str, source: Source | None
) -> MeasuringClient:
    """Join the room; whatever is opened is closed by `stack`. Raises StreamerError."""
    room = join(wish.url, name=name, ca_file=wish.ca_file, listening=source is None, reconnect=False)
    ear = room.ear()
    return MeasuringClient(await stack.enter_async_context(room), ear, source)


class ChirpSource:
    """A Source in place of a microphone: says `samples` once, by the clock, after `SETTLE_S` of soft
    noise."""

    name = "chirps"
    mode: Mode = "open"
    latency_s = 0.0
    piece_samples = SAMPLES_PER_FRAME

    def __init__(self, samples: Samples) -> None:
        self._settle = round(SETTLE_S * SAMPLE_RATE)
        noise = np.random.default_rng(0).standard_normal(self._settle)
        self._samples = np.concatenate((np.asarray(noise * 1e-3, dtype=np.float32), samples))
        self._started = perf_counter()
        self._position = 0

    @property
    def ended(self) -> bool:
        return self._position + SAMPLES_PER_FRAME > len(self._samples)

    @property
    def progress(self) -> float:
        return self._position / len(self._samples)

    def start(self, now: float) -> None:
        self._started = now

    def pop(self, now: float, n_samples: int = SAMPLES_PER_FRAME) -> tuple[int, Samples] | None:
        if self.wait_s(now) > 0:
            return None
        position = self._position
        self._position += SAMPLES_PER_FRAME
        return position, self._samples[position : position + SAMPLES_PER_FRAME]

    def wait_s(self, now: float) -> float:
        return max(0.0, self.captured_at(self._position + SAMPLES_PER_FRAME) - now)

    def captured_at(self, position: int) -> float:
        return self._started + position / SAMPLE_RATE

    def said_at(self, place: int) -> float:
        """When the sample `place` of `samples` was said."""
        return self.captured_at(self._settle + place)

    def close(self) -> None:
        pass


class RecordedPlayout:
    """A Playout in place of a loudspeaker: asks for a block every 5 ms, as a sound card does, and keeps them
    all."""

    name = "memory"
    latency_s = 0.0

    def __init__(self, pop: Pop) -> None:
        self._pop = pop
        self._blocks: list[Samples] = []
        self.started = perf_counter()
        self.lateness_s: list[float] = []

    @property
    def recording(self) -> Samples:
        return np.concatenate(self._blocks) if self._blocks else silence(0)

    async def run(self) -> None:
        self.started = due = perf_counter()
        while True:
            self._blocks.append(self._pop(BLOCK_SAMPLES, due))
            due += BLOCK_SAMPLES / SAMPLE_RATE
            await asyncio.sleep(max(0.0, due - perf_counter()))
            self.lateness_s.append(perf_counter() - due)

    def close(self) -> None:
        pass


async def run_until(
    playouts: dict[MeasuringClient, Playout], done: Callable[[], bool], look: Callable[[float], None]
) -> None:
    """Run all clients until `done`; `look` is called while each chirp lasts. Raises StreamerError if one
    ends."""
    sessions = [asyncio.ensure_future(_take_part(client, playout)) for client, playout in playouts.items()]
    try:
        while not done():
            ended = [session for session in sessions if session.done()]
            for session in ended:
                session.result()
                raise MeasurementError("The relay closed the connection during the measurement")
            look(perf_counter())
            await asyncio.sleep(_LOOK_S)
    finally:
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)


async def _take_part(client: MeasuringClient, playout: Playout) -> None:
    """Hears and says, until the relay closes the room."""
    talking = [client.room.talk(client.source)] if client.source else []
    await first_of(client.room.until_closed(), client.ear.run(playout), *map(_for_good, talking))


async def _for_good(talking: Coroutine[Any, Any, None]) -> None:
    """What was said last is still to be heard."""
    await talking
    await asyncio.Event().wait()
