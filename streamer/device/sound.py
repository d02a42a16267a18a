"""A device's microphone and loudspeaker: they come and go, are missing at times, and never end the session.

The loudspeaker plays what the room says, at the device's volume, and sounds of its own, at once and over each
other.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from streamer.audio_format import SAMPLE_RATE
from streamer.client.audio.limiter import Limiter
from streamer.client.audio.microphone import Microphone
from streamer.client.audio.samples import Samples, silence
from streamer.client.audio.speaker import Speaker
from streamer.client.audio.transmit_gate import Mode
from streamer.client.audio.wav_files import FileReader
from streamer.client.ears import Ear
from streamer.client.room import Room
from streamer.client.unattended import Remarks
from streamer.errors import AudioError

AGAIN_S: Final = 5.0
"""Before a sound device that is missing is looked for again."""

MOST_SOUNDS: Final = 8
"""At once: more is noise to people, and work for the thread that may not be late."""

LONGEST_SOUND_S: Final = 60.0
"""Decoded sounds stay in memory: 12 MB each at most."""


class Loudspeaker:
    """`pop` is called by the sound device's thread; everything else belongs to the event loop.

    The sounds are a tuple that is replaced, never changed, and only `pop` moves on in them.
    """

    def __init__(self, volume: int, *, listens: bool) -> None:
        self.volume = volume
        self.listens = listens
        self.ear: Ear | None = None
        self._sounds: tuple[PlayingSound, ...] = ()
        self._limiter = Limiter(SAMPLE_RATE)

    def play(self, samples: Samples) -> bool:
        """Returns False if too many sounds are being played already."""
        playing = tuple(sound for sound in self._sounds if not sound.is_over)
        if len(playing) >= MOST_SOUNDS:
            return False
        self._sounds = (*playing, PlayingSound(samples))
        return True

    def pop(self, n_samples: int, now: float) -> Samples:
        """The next samples for the device, at `now` in seconds of perf_counter()."""
        ear = self.ear
        mix = ear.pop(n_samples, now) if ear and self.listens else silence(n_samples)
        for sound in self._sounds:
            mix = mix + sound.pop(n_samples)
        mix = (mix * np.float32(self.volume / 100)).astype(np.float32)
        self._limiter.process(mix)
        return mix


class PlayingSound:
    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._position = 0

    @property
    def is_over(self) -> bool:
        return self._position >= len(self._samples)

    def pop(self, n_samples: int) -> Samples:
        samples = silence(n_samples)
        part = self._samples[self._position : self._position + n_samples]
        samples[: len(part)] = part
        self._position += n_samples
        return samples


class DeviceSound:
    """Both, kept open; `on_change` is called when one of them came or went. Raises nothing while it runs."""

    def __init__(
        self,
        device: str | None,
        loudspeaker: Loudspeaker,
        on_change: Callable[[], None],
        tell: Callable[[str], None],
    ) -> None:
        self._device = device
        self._loudspeaker = loudspeaker
        self._on_change = on_change
        self._speaker_remarks = Remarks(tell)
        self._microphone_remarks = Remarks(tell)
        self.has_speaker = False
        self.has_microphone = False

    async def play(self) -> None:
        """Keep the loudspeaker open until cancelled."""
        while True:
            try:
                speaker = Speaker(self._loudspeaker.pop, self._device)
            except AudioError as error:
                self._speaker_remarks(f"There is no loudspeaker: {error}")
                await asyncio.sleep(AGAIN_S)
                continue
            self._speaker_remarks.forget()
            self._set(speaker=True)
            try:
                await speaker.run()
            except AudioError as error:
                self._speaker_remarks(str(error))
            finally:
                speaker.close()
                self._set(speaker=False)

    async def talk(self, room: Room, mode: Mode) -> None:
        """Keep the microphone open until cancelled, and say in the room what it hears."""
        while True:
            try:
                microphone = Microphone(self._device)
            except AudioError as error:
                self._microphone_remarks(f"There is no microphone: {error}")
                await asyncio.sleep(AGAIN_S)
                continue
            microphone.mode = mode
            self._microphone_remarks.forget()
            self._set(microphone=True)
            try:
                await room.talk(microphone)
            except AudioError as error:
                self._microphone_remarks(str(error))
            finally:
                microphone.close()
                self._set(microphone=False)

    def _set(self, *, speaker: bool | None = None, microphone: bool | None = None) -> None:
        self.has_speaker = self.has_speaker if speaker is None else speaker
        self.has_microphone = self.has_microphone if microphone is None else microphone
        self._on_change()


def load_sounds(paths: Mapping[str, Path]) -> dict[str, Samples]:
    """Raises AudioError for what can't be played, or is too long: at the start, not when it is to ring."""
    return {name: _load(path) for name, path in paths.items()}


def _load(path: Path) -> Samples:
    reader = FileReader(path)
    try:
        if reader.n_samples is None or reader.n_samples > LONGEST_SOUND_S * SAMPLE_RATE:
            raise AudioError(f"{path} is longer than {LONGEST_SOUND_S:g} s, which is too long to ring with")
        return reader.read(0, reader.n_samples)
    finally:
        reader.close()
