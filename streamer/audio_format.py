"""The sound that travels: 48 kHz mono Opus, and music in stereo; 10 ms a packet unless a talker chose
otherwise."""

from typing import Final

SAMPLE_RATE: Final = 48_000
CHANNELS: Final = 1
"""Voice is mono: one mouth is in one place."""

FRAME_MS: Final = 10.0
"""The usual packet, and the unit of what is decided: half of it costs twice the packets, double adds 10 ms of
delay."""

SAMPLES_PER_FRAME: Final = 480
BITRATE: Final = 64_000
"""Bits per second: speech in full band sounds like the original. Half is good voice still, double is not
heard."""

STEREO: Final = 2
MUSIC_BITRATE: Final = 128_000
"""Bits per second of both channels: listening tests find Opus transparent there, for most music."""

DURATION_UNIT_SAMPLES: Final = 120
"""A packet's duration field counts in 2.5 ms."""

FRAME_DURATION: Final = SAMPLES_PER_FRAME // DURATION_UNIT_SAMPLES
"""Of a packet of 10 ms, the usual one."""

PACKET_MS: Final = (2.5, 5.0, 10.0, 20.0)
"""What a talker can choose; more than 20 ms only adds delay, and less than 2.5 ms Opus does not have."""

DURATIONS: Final = (1, 2, 4, 8, 16, 24)
"""The durations Opus has, in 2.5 ms (RFC 6716, section 2.1.4)."""

_OVERHEAD_BITS: Final = 20
_OVERHEAD_BITS_PER_CHANNEL: Final = 40
"""What each packet costs Opus beside the sound itself, as libopus reckons (`compute_equiv_rate` in
opus_encoder.c)."""


def bitrate_for(bitrate: int, n_samples: int, channels: int) -> int:
    """What packets of `n_samples` need, in bit/s, to sound as those of 10 ms do at `bitrate`; never less than
    that."""
    more_packets_per_s = max(0, SAMPLE_RATE // n_samples - SAMPLE_RATE // SAMPLES_PER_FRAME)
    return bitrate + more_packets_per_s * (_OVERHEAD_BITS + _OVERHEAD_BITS_PER_CHANNEL * channels)
