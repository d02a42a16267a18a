"""What captions need of a speech recogniser. Sound is float32 at 16 kHz, mono, full scale at ±1."""

from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from streamer.client.audio.samples import Samples

RATE: Final = 16_000
"""What recognisers of speech are trained on."""

WINDOW: Final = 512
"""Samples that voice is decided on: 32 ms, as silero VAD has it."""


class Recogniser(Protocol):
    """Hears a whole talkspurt at a time. It is called by one thread."""

    def recognise(self, pcm_16k: Samples) -> str:
        """The words, as they are to be read; empty where there are none."""


class Hearing(Protocol):
    """One talkspurt, heard as it grows."""

    def hear(self, pcm_16k: Samples) -> str:
        """What follows; returns all words so far."""

    def finish(self) -> str:
        """There is no more; returns all words."""


@runtime_checkable
class StreamingRecogniser(Protocol):
    """Hears while somebody speaks. It is called by one thread."""

    def begin(self) -> Hearing: ...


class VoiceDetector(Protocol):
    """Of one talker."""

    def is_voice(self, window: Samples) -> bool:
        """True if the next WINDOW samples hold a voice."""

    def reset(self) -> None:
        """What comes next does not follow what was before."""


class Detectors(Protocol):
    """Makes a detector for each talker."""

    def __call__(self) -> VoiceDetector: ...


@dataclass(frozen=True, slots=True)
class Engine:
    """All that captions need."""

    recogniser: Recogniser | StreamingRecogniser
    detector: Detectors
