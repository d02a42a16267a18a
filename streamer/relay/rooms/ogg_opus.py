"""Opus out of an Ogg file (RFC 3533, RFC 7845), without decoding it: its packets are what travels here anyway.

Whoever wrote the file is not trusted: every length is checked, and how long the packets last bounds their number.
"""

from collections.abc import Iterator
from typing import Final

from streamer.audio_format import DURATION_UNIT_SAMPLES, DURATIONS, SAMPLE_RATE
from streamer.errors import AudioError
from streamer.sounds import MAX_SOUND_S, Piece
from streamer.wire.packet import HEADER, MAX_PACKET_BYTES

MAGIC: Final = b"OggS"
LEVEL: Final = 20
"""In −dBov: a usual voice. To know it, the relay would have to decode."""

_HEAD: Final = b"OpusHead"
_PAGE_BYTES: Final = 27
"""Of a page's header, before its table of segments (RFC 3533, section 6)."""

_CONTINUED: Final = 0x01
_FRAMES_MS: Final = (10, 20, 40, 60)
_CELT_UNITS: Final = (1, 2, 4, 8)


def is_ogg_opus(content: bytes) -> bool:
    return content[:4] == MAGIC and _HEAD in content[: _PAGE_BYTES + 256 + len(_HEAD)]


class OggOpus:
    """The sound of the first stream in `content`. Raises AudioError where it can't be passed on as it is."""

    def __init__(self, content: bytes) -> None:
        self._pieces: list[Piece] = []
        self._next = 0
        units = 0
        for number, packet in enumerate(_packets(content)):
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


def _packets(content: bytes) -> Iterator[bytes]:
    """Of the first logical stream; where the file is cut off, as far as it goes."""
    begun, serial, at = bytearray(), b"", 0
    while content[at : at + 4] == MAGIC and at + _PAGE_BYTES <= len(content):
        flags, own = content[at + 5], content[at + 14 : at + 18]
        serial = serial or own
        table = content[at + _PAGE_BYTES : at + _PAGE_BYTES + content[at + 26]]
        at += _PAGE_BYTES + content[at + 26]
        if own != serial:
            at += sum(table)
            continue
        if not flags & _CONTINUED:
            begun.clear()
        for size in table:
            if at + size > len(content):
                return
            begun += content[at : at + size]
            at += size
            if size < 255:
                yield bytes(begun)
                begun.clear()
            elif len(begun) > len(content):
                return


def _check_head(head: bytes) -> None:
    if not head.startswith(_HEAD) or len(head) < 19 or head[8] >> 4:
        raise AudioError("the Ogg file holds no Opus that is known here")
    if head[18] != 0 or head[9] not in (1, 2):
        raise AudioError("the Ogg file has more than two channels: mix it down to stereo")


def _piece(packet: bytes) -> Piece:
    duration = _duration(packet)
    if duration not in DURATIONS or len(packet) > MAX_PACKET_BYTES - HEADER.size:
        raise AudioError("a packet of the Ogg file is longer than 60 ms or 1,488 bytes: encode it in frames of 20 ms")
    return Piece(packet, duration, LEVEL, voice=True)


def _duration(packet: bytes) -> int:
    """In 2.5 ms (RFC 6716, section 3.1); 0 where it is no packet."""
    if not packet:
        return 0
    configuration, code = packet[0] >> 3, packet[0] & 3
    if configuration < 12:
        units = _FRAMES_MS[configuration % 4] * 2 // 5
    elif configuration < 16:
        units = 4 << configuration % 2
    else:
        units = _CELT_UNITS[configuration % 4]
    count = (1, 2, 2, packet[1] & 0x3F if len(packet) > 1 else 0)[code]
    return units * count
