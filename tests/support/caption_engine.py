"""Sound through the code of captions without a relay, and engines that need no model."""

from collections.abc import Iterator

import numpy as np

from streamer.audio_format import SAMPLES_PER_FRAME
from streamer.captions.endpoints import Talkspurt
from streamer.captions.engine import Engine
from streamer.captions.talker import Talker
from streamer.client.audio.codec import Encoder
from streamer.client.audio.samples import Samples
from streamer.wire.packet import Packet

LOUD = 0.02
"""Root mean square: what the fake detector takes for a voice."""


class LoudIsVoice:
    """A detector for tones."""

    def is_voice(self, window: Samples) -> bool:
        return float(np.sqrt(np.mean(np.square(window)))) > LOUD

    def reset(self) -> None:
        pass


class SaysHowLong:
    """A recogniser whose words are how long the sound is, in tenths of a second."""

    def __init__(self) -> None:
        self.heard: list[Samples] = []

    def recognise(self, pcm_16k: Samples) -> str:
        self.heard.append(pcm_16k)
        return f"{round(len(pcm_16k) / 1_600)} tenths"


def fake_engine() -> Engine:
    return Engine(SaysHowLong(), LoudIsVoice)


def packets(samples: Samples, first: int = 0) -> Iterator[Packet]:
    """Of sound at 48 kHz, as a talker sends it; `first` is the timestamp of the first sample."""
    encoder = Encoder()
    for number in range(len(samples) // SAMPLES_PER_FRAME):
        at = number * SAMPLES_PER_FRAME
        payload = encoder.encode(samples[at : at + SAMPLES_PER_FRAME])
        yield Packet(seq=number % 2**16, timestamp=(first + at) % 2**32, payload=payload, talker_id=1)


def talkspurts(talker: Talker, sent: Iterator[Packet]) -> list[Talkspurt]:
    """Which of them there are, where each packet comes when it was made."""
    ended = []
    for number, packet in enumerate(sent):
        ended += talker.push(packet, number / 100, number * 10)
    return ended + talker.finish()
