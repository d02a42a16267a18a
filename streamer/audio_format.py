"""The sound that travels: 48 kHz mono Opus in 10 ms packets, and music in stereo."""

from typing import Final

SAMPLE_RATE: Final = 48_000
CHANNELS: Final = 1
FRAME_MS: Final = 10.0
SAMPLES_PER_FRAME: Final = 480
BITRATE: Final = 64_000

STEREO: Final = 2
MUSIC_BITRATE: Final = 128_000

DURATION_UNIT_SAMPLES: Final = 120
"""A packet's duration field counts in 2.5 ms."""

DURATIONS: Final = (1, 2, 4, 8, 16, 24)
"""The durations Opus has, in 2.5 ms (RFC 6716, section 2.1.4)."""
