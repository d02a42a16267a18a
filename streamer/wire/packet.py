"""A packet: 12 bytes of header and one Opus payload (PROTOCOL.md, Packets)."""

from dataclasses import dataclass
from struct import Struct
from typing import Final, Self

from streamer.audio_format import DURATION_UNIT_SAMPLES, DURATIONS
from streamer.errors import PacketError

HEADER: Final = Struct("!BBHHBBI")
MAX_PACKET_BYTES: Final = 1500
"""An Ethernet frame carries no more; Opus at 128 kb/s needs 320 for 20 ms."""

VERSION: Final = 1
AUDIO: Final = 0
"""The only kind there is (PROTOCOL.md, Packets)."""

TALKSPURT_START: Final = 0x01
ENCRYPTED: Final = 0x02
VOICE: Final = 0x80
SILENCE_LEVEL: Final = 127
"""In −dBov: the softest that RFC 6464 has."""

_VERSION_AND_KIND: Final = VERSION << 4 | AUDIO


@dataclass(frozen=True, slots=True)
class Packet:
    """One piece of a voice, as it travels.

    `level` is −dBov, 0 (loudest) to 127 (silence), and `voice` the voice-activity bit (RFC 6464); `duration`
    counts in 2.5 ms; `timestamp` is when the first sample was captured, in samples at 48 kHz, modulo 2³².
    """

    seq: int
    timestamp: int
    payload: bytes
    talker_id: int = 0
    level: int = SILENCE_LEVEL
    voice: bool = False
    flags: int = 0
    duration: int = 4

    @property
    def duration_samples(self) -> int:
        return self.duration * DURATION_UNIT_SAMPLES

    @classmethod
    def parse(cls, data: bytes | bytearray | memoryview) -> Self:
        """Raises PacketError where `data` is no packet of version 1."""
        check_size(len(data))
        version_and_kind, level, talker_id, seq, flags, duration, timestamp = HEADER.unpack_from(data)
        if version_and_kind != _VERSION_AND_KIND:
            raise PacketError(_describe_version_and_kind(version_and_kind))
        if duration not in DURATIONS:
            raise PacketError(f"packet lasts {duration} × 2.5 ms, which Opus does not have")
        return cls(
            seq=seq,
            timestamp=timestamp,
            payload=bytes(data[HEADER.size :]),
            talker_id=talker_id,
            level=level & 0x7F,
            voice=bool(level & VOICE),
            flags=flags,
            duration=duration,
        )

    def serialize(self) -> bytes:
        level = self.level | (VOICE if self.voice else 0)
        header = HEADER.pack(
            _VERSION_AND_KIND, level, self.talker_id, self.seq, self.flags, self.duration, self.timestamp
        )
        return header + self.payload


def stamp(packet: bytes, talker_id: int) -> bytes:
    """`packet` with the id of who said it."""
    return packet[:2] + talker_id.to_bytes(2, "big") + packet[4:]


def samples_ahead(timestamp: int, other: int) -> int:
    """By how many samples `timestamp` is ahead of `other`, negative if behind: both wrap at 2³², as in RFC
    3550."""
    return (timestamp - other + 2**31) % 2**32 - 2**31


def check_size(size: int) -> None:
    """Raises PacketError where no packet is `size` bytes long."""
    if size <= HEADER.size:
        raise PacketError(f"packet is {size} bytes, its header alone is {HEADER.size}")
    if size > MAX_PACKET_BYTES:
        raise PacketError(f"packet is {size} bytes, {MAX_PACKET_BYTES} are allowed")


def _describe_version_and_kind(version_and_kind: int) -> str:
    version, kind = version_and_kind >> 4, version_and_kind & 0x0F
    if version != VERSION:
        return f"packet is of version {version}, this is version {VERSION}"
    return f"packet is of kind {kind}, only {AUDIO} (audio) is known"
