"""The whole way, sound card and all, by the ears of one microphone: it hears a chirp at once, and again when
it's back.

    loudspeaker ──► microphone ─► encoder ─► relay ─► jitter buffer ─► decoder ─► loudspeaker ──► the same
    microphone
        direct      └───────────────── what is measured: from a mouth to an ear ──────────────┘

The difference of the two in one recording is the delay, whatever the sound card's own delays and clocks may
be. Whoever plays the chirp back is either our own second client (a loop cable, or the loudspeaker beside the
microphone), or another member of the room: a phone that lies beside this computer. What came back must not be
sent again, so a gate opens for each chirp and closes as soon as the microphone has heard it.
"""

from collections import deque
from contextlib import AsyncExitStack
from time import perf_counter
from typing import Final

import numpy as np

from streamer.audio_format import SAMPLE_RATE, SAMPLES_PER_FRAME
from streamer.client.audio.microphone import Microphone
from streamer.client.audio.samples import Samples, silence
from streamer.client.audio.speaker import Playout, Pop, Speaker
from streamer.client.audio.transmit_gate import Mode
from streamer.errors import MeasurementError
from streamer.measure.chirps import chirp_train, describe_missing, echo_delays, find_chirps, noise_dbfs
from streamer.measure.digital_path import LISTENER, MATCHED_MS, TALKER, LiveFigures
from streamer.measure.measuring_client import (
    SETTLE_S,
    MeasureOptions,
    MeasuringClient,
    RecordedPlayout,
    enter,
    run_until,
)
from streamer.measure.result import Chirp, Measurement

EVERY_S: Final = 1.5
"""At least twice acoustic.LATEST_S."""

AIR_MS_PER_M: Final = 2.9
"""Sound takes so long for a metre at 20 °C (343 m/s)."""

_LISTEN_S: Final = 0.6
"""From a chirp until the microphone is silent again: any delay of a sound card, and the echo of the room."""

_LOOK_BACK_FRAMES: Final = 8
"""80 ms, twice a chirp: it may have begun before the gate was open."""

_LOUD_DBFS: Final = -40.0
"""Noise above this buries chirps from across a table; a quiet room is below -60 dBFS."""

_WAIT_S: Final = 10.0
"""For the other member to join."""


class GatedMicrophone:
    """A Source: the microphone, silent while the gate is closed; keeps all that it heard."""

    mode: Mode = "open"
    ended = False

    def __init__(self, device: str | None) -> None:
        self._microphone = Microphone(device)
        self._lately: deque[Samples] = deque(maxlen=_LOOK_BACK_FRAMES)
        self._heard: list[Samples] = []
        self._open_until = float("-inf")
        self._hush = np.asarray(
            np.random.default_rng(0).standard_normal(SAMPLES_PER_FRAME) * 1e-3, dtype=np.float32
        )
        self.name = self._microphone.name
        self.piece_samples = SAMPLES_PER_FRAME
        self.start, self.wait_s = self._microphone.start, self._microphone.wait_s
        self.captured_at, self.close = self._microphone.captured_at, self._microphone.close

    @property
    def latency_s(self) -> float | None:
        return self._microphone.latency_s

    @property
    def heard(self) -> Samples:
        return np.concatenate(self._heard) if self._heard else silence(0)

    def open(self, now: float) -> None:
        """Let the next chirp through."""
        self._lately.clear()
        self._open_until = now + _LISTEN_S

    def pop(self, now: float, n_samples: int = SAMPLES_PER_FRAME) -> tuple[int, Samples] | None:
        frame = self._microphone.pop(now)
        if frame is None:
            return None
        position, samples = frame
        self._heard.append(samples)
        self._lately.append(samples)
        is_open = now < self._open_until
        if is_open and find_chirps(np.concatenate(self._lately)):
            self._open_until = float("-inf")
        return position, samples if is_open else self._hush


class ChirpMixer:
    """What the loudspeaker plays: chirps of our own and, where there is any, what came back."""

    def __init__(self, count: int, came_back: Pop | None) -> None:
        self._train, places = chirp_train(count, EVERY_S)
        self._places = deque(places)
        self._came_back = came_back
        self._position = -round(SETTLE_S * SAMPLE_RATE)
        self.duration_s = SETTLE_S + len(self._train) / SAMPLE_RATE
        self.playing = True
        self.about_to_chirp = 0

    def pop(self, n_samples: int, now: float) -> Samples:
        block = self._came_back(n_samples, now) if self._came_back else silence(n_samples)
        if self.playing:
            start, stop = max(0, self._position), max(0, self._position + n_samples)
            ours = self._train[start:stop]
            block[n_samples - (stop - start) :][: len(ours)] += ours
            self._position += n_samples
        if self._places and self._position >= self._places[0] - SAMPLE_RATE // 20:
            self._places.popleft()
            self.about_to_chirp += 1
        return block


async def measure_loop(wish: MeasureOptions, device: str | None) -> Measurement:
    """Our own second client plays the chirps back. Raises StreamerError."""
    async with AsyncExitStack() as stack:
        microphone = GatedMicrophone(device)
        stack.callback(microphone.close)
        listener = await enter(stack, wish, LISTENER, None)
        talker = await enter(stack, wish, TALKER, microphone)
        mixer = ChirpMixer(wish.count, listener.ear.pop)
        speaker = Speaker(mixer.pop, device)
        stack.callback(speaker.close)
        live = LiveFigures(listener)
        playouts: dict[MeasuringClient, Playout] = {
            listener: speaker,
            talker: RecordedPlayout(talker.ear.pop),
        }
        await _listen(wish, playouts, mixer, microphone, live)
    path = f"loudspeaker → microphone ({microphone.name}) → relay → loudspeaker"
    return _evaluate(wish, path, talker.room.name, microphone.heard, live)


async def measure_acoustic(wish: MeasureOptions, device: str | None) -> Measurement:
    """The one other member of the room plays the chirps back. Raises StreamerError."""
    async with AsyncExitStack() as stack:
        microphone = GatedMicrophone(device)
        stack.callback(microphone.close)
        talker = await enter(stack, wish, TALKER, microphone)
        mixer = ChirpMixer(wish.count, None)
        mixer.playing = False
        speaker = Speaker(mixer.pop, device)
        stack.callback(speaker.close)
        peer = Peer(talker, mixer)
        await _listen(wish, {talker: speaker}, mixer, microphone, peer)
    remark = f"The distance between the two devices adds {AIR_MS_PER_M} ms per metre."
    path = f"this microphone → relay → the loudspeaker of {peer.name}, in the air"
    return _evaluate(wish, path, talker.room.name, microphone.heard, None, [remark])


class Peer:
    """The one who plays the chirps back: they start when he is there, and it is over when he goes."""

    def __init__(self, talker: MeasuringClient, mixer: ChirpMixer) -> None:
        self._talker = talker
        self._mixer = mixer
        self._since = perf_counter()
        self.name = ""

    def look(self, now: float) -> None:
        names = [member.name for member in self._talker.room.members]
        if len(names) > 1:
            raise MeasurementError(
                f"{', '.join(names)} would all play the chirps back: leave only one in the room"
            )
        if not names and self._mixer.playing:
            raise MeasurementError(f"{self.name} left during the measurement, so there is no result")
        if not names and now - self._since > _WAIT_S:
            raise MeasurementError(
                "Nobody else is in this room: join it with the other device, then try again"
            )
        if names and not self._mixer.playing:
            self.name = names[0]
            self._mixer.playing = True


async def _listen(
    wish: MeasureOptions,
    playouts: dict[MeasuringClient, Playout],
    mixer: ChirpMixer,
    microphone: GatedMicrophone,
    watch: LiveFigures | Peer,
) -> None:
    began: list[float] = []
    chirps = 0

    def look(now: float) -> None:
        nonlocal chirps
        watch.look(now)
        if mixer.playing and not began:
            began.append(now)
        if mixer.about_to_chirp > chirps:
            chirps = mixer.about_to_chirp
            microphone.open(now)
        wish.on_progress(min(1.0, (now - began[0]) / mixer.duration_s) if began else 0.0)

    await run_until(playouts, lambda: bool(began) and perf_counter() - began[0] > mixer.duration_s + 1, look)


def _evaluate(
    wish: MeasureOptions,
    path: str,
    room: str,
    heard: Samples,
    live: LiveFigures | None,
    remarks: list[str] | None = None,
) -> Measurement:
    found = find_chirps(heard)
    echoes = echo_delays(found, wish.count)
    last = live.last if live else None
    now = last.total_ms.p50 if last and last.total_ms else None
    chirps = [
        Chirp(
            number * EVERY_S,
            None if echo is None else echo * 1000 / SAMPLE_RATE,
            None if echo is None else now,
        )
        for number, echo in enumerate(echoes)
    ]
    remarks = list(remarks or [])
    if not found:
        remarks.append(describe_missing(heard))
    elif not any(echo is not None for echo in echoes):
        remarks.append(
            "The chirps were heard, but none came back: is the other loudspeaker turned up, and not muted?"
        )
    if noise_dbfs(heard) > _LOUD_DBFS:
        remarks.append("It is loud here: chirps may be lost. A quieter place tells more.")
    return Measurement(path, room, chirps, MATCHED_MS, last, remarks)
