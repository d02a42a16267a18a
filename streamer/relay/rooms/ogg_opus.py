"""Opus out of an Ogg file (RFC 3533, RFC 7845), without decoding it: its packets are what travels here
anyway.

Whoever wrote the file is not trusted: every length is checked, and how long the packets last bounds their
number.
"""

from typing import Final

from streamer.audio_format import DURATION_UNIT_SAMPLES, DURATIONS, SAMPLE_RATE
from streamer.errors import AudioError
from streamer.ogg.framing import MAGIC, parse
from streamer.ogg.opus import HEAD_MAGIC, OpusHead
from streamer.ogg.opus_packets import samples_of
from streamer.sounds import MAX_SOUND_S, Piece
from streamer.wire.packet import HEADER, MAX_PACKET_BYTES

LEVEL: Final = 20
"""In −dBov: a usual voice. To know it, the relay would have to decode."""

_HEAD_WITHIN: Final = 290
"""Bytes: the header of a page (27), its table (at most 255), and the magic of Opus behind it."""


def is_ogg_opus(content: bytes) -> bool:
    return content.startswith(MAGIC) and HEAD_MAGIC in content[:_HEAD_WITHIN]


class OggOpus:
    """The sound of the first stream in `content`. Raises AudioError where it can't be passed on as it is."""

    def __init__(self, content: bytes) -> None:
        self._pieces: list[Piece] = []
        self._next = 0
        units = 0
        packets = (packet for page in parse(content, is_checked=False) for packet in page.packets)
        for number, packet in enumerate(packets):
            if number == 0:
                _check_head(packet)
            elif number > 1:  # the second one is OpusTags
                piece = _piece(packet)
                units += piece.duration
                self._pieces.append(piece)
            if units * DURATION_UNIT_SAMPLES > MAX_SOUND_S * SAMPLE_RATE:
                raise AudioError(f"the sound is longer than {MAX_SOUND_S:.0f} s")
        if not self._pieces:
            raise AudioError("the Ogg file ends before its sound begins")
        self.duration_s = units * DURATION_UNIT_SAMPLES / SAMPLE_RATE

    def read(self, count: int) -> list[Piece]:
        found = self._pieces[self._next : self._next + count]
        self._next += len(found)
        return found

    def close(self) -> None:
        self._pieces.clear()


def _check_head(packet: bytes) -> None:
    try:
        OpusHead.parse(packet)
    except AudioError as error:
        raise AudioError(f"the Ogg file can't be announced: {error}") from None


def _piece(packet: bytes) -> Piece:
    duration = samples_of(packet) // DURATION_UNIT_SAMPLES
    if duration not in DURATIONS or len(packet) > MAX_PACKET_BYTES - HEADER.size:
        raise AudioError(
            "a packet of the Ogg file is longer than 60 ms or 1,488 bytes: encode it in frames of 20 ms"
        )
    return Piece(packet, duration, LEVEL, voice=True)
