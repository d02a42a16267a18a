"""Ogg pages and their packets (RFC 3533), written and read. Pure: bytes come in and go out, no file is opened
here.

What is written has one logical stream, and no packet of it crosses a page: a page that is cut off costs its
own packets alone. Whoever wrote what is read is not trusted: every length is checked, and a file of twice the
size takes twice the time to read.
"""

import zlib
from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

MAGIC: Final = b"OggS"
BEGIN: Final = 0x02
END: Final = 0x04
"""Bits of a page's header type (RFC 3533, section 6)."""

MAX_SEGMENTS: Final = 255
"""Of a page: its table's length is one byte."""

_CONTINUED: Final = 0x01
_SEGMENT: Final = 255
_HEADER: Final = Struct("<4sBBqIIIB")
_CRC_AT: Final = 22
_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Page(NamedTuple):
    """`granule` is −1 where no packet ends on the page; `packets` are whole ones."""

    flags: int
    granule: int
    serial: int
    packets: list[bytes]


def checksum(data: bytes) -> int:
    """The CRC of Ogg: of zlib's polynomial, with the bits the other way round, and beginning with zero."""
    mirrored = zlib.crc32(data.translate(_MIRRORED), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")


def segments_of(size: int) -> int:
    """How many entries of a page's table a packet of `size` bytes takes."""
    return size // _SEGMENT + 1


def lacing(size: int) -> bytes:
    """A packet's entries in the table: 255 for each full segment, then the rest, which may be 0."""
    return b"\xff" * (size // _SEGMENT) + bytes([size % _SEGMENT])


def serialize(table: bytes, body: bytes, *, flags: int, granule: int, serial: int, number: int) -> bytes:
    """One page. `table` is the packets' lacing one behind the other, at most MAX_SEGMENTS entries."""
    header = _HEADER.pack(MAGIC, 0, flags, granule, serial, number, 0, len(table))
    page = bytearray(header + table + body)
    page[_CRC_AT : _CRC_AT + 4] = checksum(bytes(page)).to_bytes(4, "little")
    return bytes(page)


def parse(content: bytes, *, is_checked: bool = True) -> Iterator[Page]:
    """The pages of the first logical stream, up to the first that is cut off or damaged: a crash leaves such
    an end.

    A packet that crosses pages belongs to the one where it ends. Unless `is_checked`, a wrong checksum is no
    damage.
    """
    at, first, begun = 0, None, bytearray()
    while found := _page_at(content, at, is_checked=is_checked):
        flags, granule, serial, table = found
        body = at + _HEADER.size + len(table)
        at = body + sum(table)
        first = serial if first is None else first
        if serial != first:
            continue
        if not flags & _CONTINUED:
            begun.clear()
        yield Page(flags, granule, serial, _packets(content[body:at], table, begun))


def _page_at(content: bytes, at: int, *, is_checked: bool) -> tuple[int, int, int, bytes] | None:
    """Flags, granule, serial and table; None where no whole page begins."""
    if at + _HEADER.size > len(content):
        return None
    magic, version, flags, granule, serial, _, crc, count = _HEADER.unpack_from(content, at)
    table = content[at + _HEADER.size : at + _HEADER.size + count]
    end = at + _HEADER.size + count + sum(table)
    if magic != MAGIC or version or len(table) < count or end > len(content):
        return None
    if not is_checked:
        return flags, granule, serial, table
    page = bytearray(content[at:end])
    page[_CRC_AT : _CRC_AT + 4] = bytes(4)
    return (flags, granule, serial, table) if checksum(bytes(page)) == crc else None


def _packets(body: bytes, table: bytes, begun: bytearray) -> list[bytes]:
    """Those that end on this page. `begun` is the beginning of one that ends on a later page, before and
    after."""
    packets, at = [], 0
    for size in table:
        begun += body[at : at + size]
        at += size
        if size < _SEGMENT:
            packets.append(bytes(begun))
            begun.clear()
    return packets
