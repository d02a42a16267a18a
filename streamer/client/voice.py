"""Turns what one microphone hears into packets: encodes, counts, and keeps quiet in silence.

Nothing is sent while the sound has been below `QUIET_LEVEL` for `HANGOVER_FRAMES`: that is so far below a microphone's
own noise that no syllable can start in it, and no note still sounds in it, so nothing is cut. The first packet after a
pause starts a talkspurt.
"""

from typing import Final

from streamer.audio_format import DURATION_UNIT_SAMPLES, MUSIC_BITRATE, SAMPLES_PER_FRAME, STEREO
from streamer.client.codec import Encoder
from streamer.client.samples import Samples, level_of
from streamer.wire.packet import SILENCE_LEVEL, TALKSPURT_START, Packet

QUIET_LEVEL: Final = 80
VOICE_LEVEL: Final = 50
HANGOVER_FRAMES: Final = 50


class Voice:
    def __init__(self, *, music: bool = False) -> None:
        self._encoder = Encoder(MUSIC_BITRATE, channels=STEREO) if music else Encoder()
        self._seq = 0
        self._quiet_frames = HANGOVER_FRAMES
        self.level = SILENCE_LEVEL
        self.muted = False

    @property
    def talking(self) -> bool:
        return self._quiet_frames < HANGOVER_FRAMES

    def packet(self, samples: Samples, position: int) -> Packet | None:
        """What to send for `samples`, the first of which is the microphone's sample number `position`."""
        was_talking = self.talking
        self.level = SILENCE_LEVEL if self.muted else level_of(samples)
        self._quiet_frames = 0 if self.level < QUIET_LEVEL else self._quiet_frames + 1
        payload = self._encoder.encode(samples)  # in silence too: the encoder's state has to stay true
        if self.muted or not self.talking:
            return None
        packet = Packet(
            seq=self._seq,
            timestamp=position % 2**32,
            payload=payload,
            level=self.level,
            voice=self.level <= VOICE_LEVEL,
            flags=0 if was_talking else TALKSPURT_START,
            duration=SAMPLES_PER_FRAME // DURATION_UNIT_SAMPLES,
        )
        self._seq = (self._seq + 1) % 2**16
        return packet
