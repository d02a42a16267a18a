"""What a recorder must know of an Opus packet without decoding it (RFC 6716, section 3): is it one, and how
long is it?

A packet that breaks these rules is no Opus at all: a decoder refuses it, and players stop at it. None gets
into a file.
"""

from typing import Final

from streamer.audio_format import DURATION_UNIT_SAMPLES, SAMPLE_RATE

SILENCE: Final = {960: b"\xf8\xff\xfe", 480: b"\xf0\xff\xfe", 240: b"\xe8\xff\xfe", 120: b"\xe0\xff\xfe"}
"""Coded silence, by its length in samples: CELT, mono, full band. A decoder makes zeros of it, and nothing
lingers.

A gap in the granule position is no silence: players skip it. A packet of its first byte alone asks for
concealment, which is heard.
"""

MAX_FRAME_BYTES: Final = 1_275
MAX_SAMPLES: Final = SAMPLE_RATE * 120 // 1_000
_STEREO: Final = 0x04
_SILK_SAMPLES: Final = (480, 960, 1_920, 2_880)
_VBR: Final = 0x80
_PADDED: Final = 0x40
_TWO_BYTES: Final = 252
"""From here on a frame's length takes a second byte, which counts in fours."""


def is_stereo(payload: bytes) -> bool:
    return bool(payload and payload[0] & _STEREO)


def samples_of(payload: bytes) -> int:
    """How long `payload` lasts, in samples at 48 kHz; 0 where it is no Opus packet."""
    if not payload:
        return 0
    frame, code = _frame_samples(payload[0] >> 3), payload[0] & 3
    if code == 3:
        count = payload[1] & 0x3F if len(payload) > 1 else 0
        samples = frame * count
        return samples if 0 < samples <= MAX_SAMPLES and _is_well_formed_many(payload, count) else 0
    samples = frame * (1 if code == 0 else 2)
    return samples if samples <= MAX_SAMPLES and _is_well_formed(payload, code) else 0


def _frame_samples(configuration: int) -> int:
    if configuration < 12:
        return _SILK_SAMPLES[configuration % 4]
    if configuration < 16:
        return 480 << configuration % 2
    return DURATION_UNIT_SAMPLES << configuration % 4


def _is_well_formed(payload: bytes, code: int) -> bool:
    """One frame (code 0), two of equal length (1), or two of which the first one's length is said (2)."""
    size = len(payload) - 1
    if code == 0:
        return size <= MAX_FRAME_BYTES
    if code == 1:
        return size % 2 == 0 and size // 2 <= MAX_FRAME_BYTES
    first, at = _length_at(payload, 1)
    rest = len(payload) - at - first
    return 0 <= first <= MAX_FRAME_BYTES and 0 <= rest <= MAX_FRAME_BYTES


def _is_well_formed_many(payload: bytes, count: int) -> bool:
    at, padding = 2, 0
    if payload[1] & _PADDED:
        while at < len(payload) and payload[at] == 255:
            padding, at = padding + 254, at + 1
        if at >= len(payload):
            return False
        padding, at = padding + payload[at], at + 1
    if not payload[1] & _VBR:
        size = len(payload) - at - padding
        return size >= 0 and size % count == 0 and size // count <= MAX_FRAME_BYTES
    said = 0
    for _ in range(count - 1):
        length, at = _length_at(payload, at)
        if length < 0:
            return False
        said += length
    return 0 <= len(payload) - at - padding - said <= MAX_FRAME_BYTES


def _length_at(payload: bytes, at: int) -> tuple[int, int]:
    """A frame's length that stands at `at`, −1 where it is cut off; and what follows it."""
    if at >= len(payload):
        return -1, at
    if payload[at] < _TWO_BYTES:
        return payload[at], at + 1
    if at + 1 >= len(payload):
        return -1, at
    return payload[at] + 4 * payload[at + 1], at + 2
