"""The header of the PROXY protocol, versions 1 and 2, with which a proxy says whose connection it passes
through.

Source: "The PROXY protocol", HAProxy Technologies, 2020. It comes first of all on a connection, before TLS.
Only what belongs to it is read, so that the next byte is TLS's or HTTP's; how much and how long is bounded.
Nothing is guessed: a connection that begins like a header is one, or ends.
"""

import asyncio
import re
import socket
import struct
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from streamer.relay.network.proxies import ProxyProtocol
from streamer.relay.network.readable import until_readable

MAX_V1_BYTES: Final = 107
"""The longest line of version 1, with its end (section 2.1)."""
MAX_V2_BYTES: Final = 2_048
"""Behind the first 16: two addresses take 36, and the rest is for notes of the proxy, certificates among
them."""
READ_S: Final = 3.0
"""A proxy sends it at once, with the first packet; a lost one is sent again within a second, or two."""
LOOK_S: Final = 0.02
"""Between two looks at a connection that has sent one byte."""

V2_SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
_V2_FIRST: Final = struct.Struct("!12sBBH")
_LOCAL, _PROXY = 0, 1
_UNSPECIFIED, _TCP4, _TCP6, _UNIX = 0x00, 0x11, 0x21, 0x31
_ADDRESS_BYTES: Final = {_UNSPECIFIED: 0, _TCP4: 12, _TCP6: 36, _UNIX: 216}
_V1: Final = re.compile(
    rb"PROXY (?:(UNKNOWN)(?: [ -~]*)?|(TCP4|TCP6) ([0-9a-fA-F:.]+) ([0-9a-fA-F:.]+) (\d{1,5}) (\d{1,5}))\r\n"
)
_MAX_PORT: Final = 65_535


class ProxyHeaderError(Exception):
    """A trusted proxy broke the protocol; the text says how, and `code` counts it."""

    def __init__(self, words: str, code: str = "bad-proxy-header") -> None:
        super().__init__(words)
        self.code = code


async def read_header(peer: socket.socket, protocol: ProxyProtocol) -> str | None:
    """The address that a header at the beginning of `peer` names; None where there is none, or it names
    nobody.

    Raises ProxyHeaderError for a header that is malformed, late, or missing although it is required, and
    OSError.
    """
    if protocol is ProxyProtocol.OFF:
        return None
    beginning = None
    try:
        async with asyncio.timeout(READ_S):
            beginning = await _beginning(peer)
            if beginning == b"PR":
                return parse_v1(await _read_v1(peer))
            if beginning == V2_SIGNATURE[:2]:
                return await _read_v2(peer)
    except TimeoutError:
        if protocol is ProxyProtocol.OPTIONAL and beginning is None and not _peeked(peer, 1):
            return None  # who says nothing has the time of any other connection
        raise ProxyHeaderError(
            f"its header of the PROXY protocol was not there within {READ_S:.0f} s"
        ) from None
    # A check whether we are there says nothing, and goes.
    if protocol is ProxyProtocol.REQUIRED and beginning:
        raise ProxyHeaderError("it sent no header of the PROXY protocol", "no-proxy-header")
    return None


def parse_v1(line: bytes) -> str | None:
    """`line` with its end. None where the proxy does not know. Raises ProxyHeaderError."""
    found = _V1.fullmatch(line)
    if found is None or len(line) > MAX_V1_BYTES:
        raise ProxyHeaderError("its header of the PROXY protocol, version 1, is malformed")
    if found[1]:
        return None
    family = IPv4Address if found[2] == b"TCP4" else IPv6Address
    try:
        source, _ = (str(family(each.decode())) for each in (found[3], found[4]))
    except ValueError:
        raise ProxyHeaderError("an address in its header of the PROXY protocol is malformed") from None
    if any(int(port) > _MAX_PORT or (port[:1] == b"0" and port != b"0") for port in (found[5], found[6])):
        raise ProxyHeaderError("a port in its header of the PROXY protocol is malformed")
    return source


def v2_length(first: bytes) -> int:
    """How many bytes follow the `first` 16 of version 2. Raises ProxyHeaderError."""
    signature, version_and_command, family, length = _V2_FIRST.unpack(first)
    version, command = version_and_command >> 4, version_and_command & 0xF
    if signature != V2_SIGNATURE or version != 2 or command not in (_LOCAL, _PROXY):
        raise ProxyHeaderError("its header of the PROXY protocol, version 2, is malformed")
    if length > MAX_V2_BYTES:
        raise ProxyHeaderError(
            f"its header of the PROXY protocol says {length} bytes; {MAX_V2_BYTES} are allowed"
        )
    if command == _PROXY and family not in _ADDRESS_BYTES:
        raise ProxyHeaderError("its header of the PROXY protocol is not of a TCP connection")
    if command == _PROXY and length < _ADDRESS_BYTES[family]:
        raise ProxyHeaderError(
            f"its header of the PROXY protocol has {length} bytes, too few for its addresses"
        )
    return int(length)


def parse_v2(first: bytes, rest: bytes) -> str | None:
    """`rest` has the length that `v2_length` gave. None for a connection of the proxy's own, or of nobody
    known."""
    _, version_and_command, family, _ = _V2_FIRST.unpack(first)
    if version_and_command & 0xF == _LOCAL:
        return None
    if family == _TCP4:
        return str(IPv4Address(rest[:4]))
    return str(IPv6Address(rest[:16])) if family == _TCP6 else None


async def _beginning(peer: socket.socket) -> bytes:
    """The first two bytes, which stay to be read; fewer where there will be no more. `P` alone may begin
    `POST`."""
    while True:
        await until_readable(peer)
        beginning = _peeked(peer, 2)
        if len(beginning) != 1 or beginning not in (b"P", V2_SIGNATURE[:1]):
            return beginning
        await asyncio.sleep(LOOK_S)  # the byte that is there would wake us at once


async def _read_v1(peer: socket.socket) -> bytes:
    line = b""
    while len(line) < MAX_V1_BYTES:
        await until_readable(peer)
        ahead = _peeked(peer, MAX_V1_BYTES - len(line))
        if not ahead:
            break
        end = (line + ahead).find(b"\n") + 1
        line += peer.recv(end or len(ahead))
        if end:
            return line
    raise ProxyHeaderError("its header of the PROXY protocol, version 1, does not end")


async def _read_v2(peer: socket.socket) -> str | None:
    first = await _exactly(peer, _V2_FIRST.size)
    return parse_v2(first, await _exactly(peer, v2_length(first)))


async def _exactly(peer: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        await until_readable(peer)
        piece = peer.recv(count - len(data))
        if not piece:
            raise ProxyHeaderError("its header of the PROXY protocol ends early")
        data += piece
    return data


def _peeked(peer: socket.socket, count: int) -> bytes:
    try:
        return peer.recv(count, socket.MSG_PEEK)
    except BlockingIOError:
        return b""
