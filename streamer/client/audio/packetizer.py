"""Turns what a source hears into packets: encodes, counts, and holds back what its gate does not let through.

Twin of web/worker/sending/packetizer.js. A talkspurt starts with pre-roll: the frames right before the gate
opened, which nobody had found to be a voice yet. It is as long as a listener's jitter buffer holds anyway: so
it costs no delay. It is kept as sound and encoded when the gate opens, by an encoder that begins anew: what
is not sent costs nothing, and the first syllable depends on nothing that a decoder has not heard.

Packets may be shorter or longer than a frame, and change at any time. The gate hears whole frames of 10 ms in
any case: so a voice is found in the same way whatever it is sent in.
"""

from collections import deque
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from streamer.audio_format import DURATION_UNIT_SAMPLES, MUSIC_BITRATE, SAMPLES_PER_FRAME, STEREO
from streamer.client.audio.codec import CALM_PACKETS, Encoder
from streamer.client.audio.samples import Samples, level_of, silence
from streamer.client.audio.transmit_gate import Mode, TransmitGate
from streamer.wire.packet import SILENCE_LEVEL, TALKSPURT_START, Packet

PREROLL_FRAMES: Final = 4


class Heard(NamedTuple):
    """Not sent, but may yet be."""

    samples: Samples
    position: int
    level: int
    voice: bool
    is_calm: bool
    """How it is to be encoded."""


class Frame(NamedTuple):
    payload: bytes
    position: int
    level: int
    voice: bool
    duration: int
    """In 2.5 ms."""


class Packetizer:
    def __init__(self, mode: Mode = "free", *, music: bool = False) -> None:
        """Music comes in stereo, and all of it passes: no gate tells a soft note from silence."""
        self._music = music
        self.level = SILENCE_LEVEL
        self.listen_to(mode)
        self._seq = 0
        self._preroll: deque[Heard] = deque()
        self._n_samples = SAMPLES_PER_FRAME
        self._is_calm = False
        self._calm_packets = 0

    @cached_property
    def _encoder(self) -> Encoder:
        return Encoder(MUSIC_BITRATE, channels=STEREO) if self._music else Encoder()

    def listen_to(self, mode: Mode) -> None:
        """Another source comes, whose first packet begins a talkspurt."""
        self.gate = TransmitGate("open" if self._music else mode)
        self._heard = silence(0)
        """The last frame, or all that the gate has not heard yet."""
        self._unheard = 0
        self.rest()

    def rest(self) -> None:
        """Nothing more is heard for now: the next packet begins a talkspurt."""
        self.talking = False
        self.level = SILENCE_LEVEL

    def next_samples(self, wanted: int) -> int:
        """How long the next packet should be, where those to come are to be `wanted` long.

        Longer ones come at once; before shorter ones the encoder calms down for some packets.
        """
        self._is_calm = wanted < self._n_samples and self._calm_packets < CALM_PACKETS
        if not self._is_calm:
            self._n_samples, self._calm_packets = wanted, 0
        return self._n_samples

    def packets(self, samples: Samples, position: int) -> list[Packet]:
        """What to send now that `samples` were heard, the first of which is the source's sample number
        `position`.

        They are one packet, of any length that Opus has. The level of a short one is that of the last 10 ms.
        """
        starts = not self.talking
        self.talking = self._hears(samples)
        lately = self._heard[-max(SAMPLES_PER_FRAME, len(samples)) :]
        self.level = SILENCE_LEVEL if self.gate.muted else level_of(lately)
        self._calm_packets += self._is_calm
        self._preroll.append(Heard(samples.copy(), position, self.level, self.gate.voice, self._is_calm))
        now = list(self._preroll) if self.talking else []
        if self.talking or self.gate.muted:
            self._preroll.clear()
        self._forget_old()
        if now and starts:
            self._encoder.begin_anew()
        return [
            self.packet(self._encoded(heard), starts=starts and number == 0)
            for number, heard in enumerate(now)
        ]

    def _encoded(self, heard: Heard) -> Frame:
        if heard.is_calm != self._encoder.is_calm:
            self._encoder.is_calm = heard.is_calm
        payload = self._encoder.encode(heard.samples)
        return Frame(
            payload, heard.position, heard.level, heard.voice, len(heard.samples) // DURATION_UNIT_SAMPLES
        )

    def _hears(self, samples: Samples) -> bool:
        """Whether `samples` are sent. Shows the gate each frame of 10 ms that is whole now."""
        self._unheard += len(samples)
        kept = max(SAMPLES_PER_FRAME, self._unheard)
        self._heard = np.concatenate((self._heard, samples))[-kept:] if len(self._heard) else samples
        if self._unheard < SAMPLES_PER_FRAME:
            return self.gate.is_passing
        passes = False
        while self._unheard >= SAMPLES_PER_FRAME:
            frame = self._heard[len(self._heard) - self._unheard :][:SAMPLES_PER_FRAME]
            self._unheard -= SAMPLES_PER_FRAME
            passes = self.gate.passes(level_of(frame)) or passes
        return passes

    def _forget_old(self) -> None:
        """All but the pre-roll, and what the gate may yet find to be a voice."""
        keep = PREROLL_FRAMES * SAMPLES_PER_FRAME + self._unheard
        while sum(len(heard.samples) for heard in self._preroll) > keep:
            self._preroll.popleft()

    def packet(self, frame: Frame, *, starts: bool) -> Packet:
        """One that was encoded elsewhere."""
        seq = self._seq
        self._seq = (seq + 1) % 2**16
        return Packet(
            seq=seq,
            timestamp=frame.position % 2**32,
            payload=frame.payload,
            level=frame.level,
            voice=frame.voice,
            flags=TALKSPURT_START if starts else 0,
            duration=frame.duration,
        )
