"""Detects voice by the level of each frame alone: a voice is louder than the noise of the last seconds.

Twin of web/worker/sending/voice_activity.js. The noise is the least smoothed level so far: speech has gaps,
noise has none. Until a few seconds have been heard, and whenever it is loud, the answer is yes: better some
noise sent than a word lost.
"""

from typing import Final

from streamer.audio_format import FRAME_MS
from streamer.jitter.windowed_minimum import WindowedMinimum
from streamer.wire.packet import SILENCE_LEVEL

NOISE_WINDOW_MS: Final = 3_000
"""Nobody talks for longer without a gap. Half of it takes a long vowel for noise; double sends a fan for 6
s."""

SMOOTHING: Final = 0.25
"""Of each new frame: over four frames, so that one click is no voice and no gap."""

STANDS_OUT_DB: Final = 9
"""Half of it sends the noise of a room that changes; double loses those who talk softly."""

FAINTEST_LEVEL: Final = 60
LOUD_LEVEL: Final = 30
"""In −dBov: below FAINTEST_LEVEL nobody talks; above LOUD_LEVEL somebody always may."""

HOLD_FRAMES: Final = 20
"""200 ms: the gap between two syllables is not the end of a voice."""


class VoiceActivityDetector:
    def __init__(self) -> None:
        self._noise = WindowedMinimum(NOISE_WINDOW_MS)
        self._noise.update(0, -SILENCE_LEVEL)
        self._smoothed = float(SILENCE_LEVEL)
        self._frames = 0
        self._hold = 0

    def process(self, level: int) -> bool:
        """Takes in the next frame, of `level` in −dBov."""
        self._frames += 1
        self._smoothed += SMOOTHING * (level - self._smoothed)
        noise_level = -self._noise.update(self._frames * FRAME_MS, -self._smoothed)
        faintest = max(LOUD_LEVEL, min(FAINTEST_LEVEL, noise_level - STANDS_OUT_DB))
        self._hold = HOLD_FRAMES if level < faintest else max(0, self._hold - 1)
        return self._hold > 0
