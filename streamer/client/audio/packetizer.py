"""Turns what a source hears into packets: encodes, counts, and holds back what its gate does not let through.

Twin of web/worker/packetizer.js. A talkspurt starts with pre-roll: the frames right before the gate opened, which
nobody had found to be a voice yet. It is as long as a listener's jitter buffer holds anyway: so it costs no delay.
"""

from collections import deque
from functools import cached_property
from typing import Final, NamedTuple

from streamer.audio_format import DURATION_UNIT_SAMPLES, MUSIC_BITRATE, SAMPLES_PER_FRAME, STEREO
from streamer.client.audio.codec import Encoder
from streamer.client.audio.samples import Samples, level_of
from streamer.client.audio.transmit_gate import Mode, TransmitGate
from streamer.wire.packet import SILENCE_LEVEL, TALKSPURT_START, Packet

PREROLL_FRAMES: Final = 4


class Frame(NamedTuple):
    """Not sent, but may yet be."""

    payload: bytes
    position: int
    level: int
    voice: bool


class Packetizer:
    def __init__(self, mode: Mode = "free", *, music: bool = False) -> None:
        """Music comes in stereo, and all of it passes: no gate tells a soft note from silence."""
        self._music = music
        self.level = SILENCE_LEVEL
        self.listen_to(mode)
        self._seq = 0
        self._frames: deque[Frame] = deque(maxlen=PREROLL_FRAMES + 1)

    @cached_property
    def _encoder(self) -> Encoder:
        return Encoder(MUSIC_BITRATE, channels=STEREO) if self._music else Encoder()

    def listen_to(self, mode: Mode) -> None:
        """Another source comes, whose first packet begins a talkspurt."""
        self.gate = TransmitGate("open" if self._music else mode)
        self.rest()

    def rest(self) -> None:
        """Nothing more is heard for now: the next packet begins a talkspurt."""
        self.talking = False
        self.level = SILENCE_LEVEL

    def packets(self, samples: Samples, position: int) -> list[Packet]:
        """What to send now that `samples` were heard, the first of which is the source's sample number `position`."""
        self.level = SILENCE_LEVEL if self.gate.muted else level_of(samples)
        starts = not self.talking
        self.talking = self.gate.passes(self.level)
        payload = self._encoder.encode(samples)  # in silence too: the encoder's state has to stay true
        self._frames.append(Frame(payload, position, self.level, self.gate.voice))
        now = list(self._frames) if self.talking else []
        if self.talking or self.gate.muted:
            self._frames.clear()
        whole = SAMPLES_PER_FRAME // DURATION_UNIT_SAMPLES
        return [self.packet(frame, starts=starts and number == 0, duration=whole) for number, frame in enumerate(now)]

    def packet(self, frame: Frame, *, starts: bool, duration: int) -> Packet:
        """One that was encoded elsewhere; `duration` counts in 2.5 ms."""
        seq = self._seq
        self._seq = (seq + 1) % 2**16
        return Packet(
            seq=seq,
            timestamp=frame.position % 2**32,
            payload=frame.payload,
            level=frame.level,
            voice=frame.voice,
            flags=TALKSPURT_START if starts else 0,
            duration=duration,
        )
