"""A room in which nobody does harm: how much of its voice is lost, and how late the relay hands on the rest.

The delay is from the talker's send to the moment at which the kernel has the relay's packet for the listener
(SO_TIMESTAMPNS). So it is the relay's, and not that of a listener who waits for a processor.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from time import monotonic, time_ns
from typing import Final, NamedTuple, Self

from raw_peer import BINARY, PEOPLE, Target, handshake, trusting_all

from streamer.websocket.frames import FrameParser, serialize_frame
from streamer.websocket.mask import MaskingKeys
from streamer.wire.packet import Packet

QUIET: Final = "quiet"
TALKERS, LISTENERS = 2, 3
PACKETS_PER_S: Final = 100
_SO_TIMESTAMPNS: Final = 35
"""Of Linux, asm-generic/socket.h; the socket module of Python does not name it."""
_TIMESPEC: Final = struct.Struct("qq")
_JOIN_S: Final = 10.0


class Figures(NamedTuple):
    """Loss in percent, delays in ms."""

    loss: float
    p50: float
    p99: float


class StampedPeer:
    """A member whose packets come with the time at which the kernel got them, in ns of the Unix clock."""

    def __init__(
        self, line: socket.socket, tls: ssl.SSLObject | None, incoming: ssl.MemoryBIO, sent: ssl.MemoryBIO
    ):
        self._line, self._tls, self._incoming, self._sent = line, tls, incoming, sent
        self._parser = FrameParser(from_client=False, max_message_bytes=1 << 20)
        self._keys = MaskingKeys()
        self.on_packet: Callable[[bytes, int], None] = lambda packet, at_ns: None

    @classmethod
    def enter(cls, target: Target, name: str) -> Self:
        """Raises OSError where the relay does not let us in."""
        line = socket.create_connection((PEOPLE, target.port), timeout=_JOIN_S)
        incoming, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = trusting_all().wrap_bio(incoming, sent) if target.tls else None
        peer = cls(line, tls, incoming, sent)
        peer._join(target, name)
        line.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        line.setblocking(False)
        asyncio.get_running_loop().add_reader(line, peer._read)
        return peer

    def send(self, packet: bytes) -> None:
        self._write(serialize_frame(BINARY, packet, self._keys))

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._line)
        self._line.close()

    def _join(self, target: Target, name: str) -> None:
        while self._tls:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._line.sendall(self._sent.read())
                self._incoming.write(self._line.recv(1 << 16))
        self._write(handshake(target, QUIET, name))
        answer = b""
        while b"\r\n\r\n" not in answer:
            data = self._line.recv(1 << 16)
            if not data:
                raise ConnectionResetError("the relay hung up")
            answer += self._decrypted(data)
        head, _, early = answer.partition(b"\r\n\r\n")
        if b" 101 " not in head.splitlines()[0]:
            raise ConnectionRefusedError(head.splitlines()[0].decode())
        self._take(early, 0)

    def _read(self) -> None:
        with suppress(OSError):
            data, told, _, _ = self._line.recvmsg(1 << 16, 64)
            if not data:
                self.close()
                return
            self._take(self._decrypted(data), _stamp(told))

    def _take(self, data: bytes, at_ns: int) -> None:
        for opcode, payload in self._parser.parse(data):
            if opcode == BINARY:
                self.on_packet(payload, at_ns)

    def _write(self, data: bytes) -> None:
        if self._tls:
            self._tls.write(data)
            data = self._sent.read()
        with suppress(OSError):
            self._line.send(data)

    def _decrypted(self, data: bytes) -> bytes:
        if not self._tls:
            return data
        self._incoming.write(data)
        read = b""
        with suppress(ssl.SSLWantReadError):
            while more := self._tls.read(1 << 16):
                read += more
        return read


def _stamp(told: list[tuple[int, int, bytes]]) -> int:
    """Of what was read; the rest of a segment that was read before has none."""
    if not told:
        return time_ns()
    seconds, ns = _TIMESPEC.unpack(told[0][2])
    return int(seconds * 10**9 + ns)


async def measure(target: Target, seconds: float) -> Figures:
    """While TALKERS talk for so long. Raises OSError where the relay does not let them in."""
    delays: list[float] = []

    def hear(packet: bytes, at_ns: int) -> None:
        delays.append((at_ns - int.from_bytes(packet[12:20], "big")) / 1e6)

    listeners = [StampedPeer.enter(target, f"Ben {number}") for number in range(LISTENERS)]
    for listener in listeners:
        listener.on_packet = hear
    talkers = [StampedPeer.enter(target, f"Ada {number}") for number in range(TALKERS)]
    count, began = int(seconds * PACKETS_PER_S), monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / PACKETS_PER_S - monotonic()))
        for talker in talkers:
            said = time_ns().to_bytes(8, "big") + bytes(72)
            talker.send(Packet(seq=number % 65_536, timestamp=number * 480, payload=said).serialize())
    due = count * TALKERS * LISTENERS
    end = monotonic() + 1
    while len(delays) < due and monotonic() < end:
        await asyncio.sleep(0.01)
    for peer in (*listeners, *talkers):
        peer.close()
    ranked = sorted(delays) or [float("inf")]
    return Figures(100 * (1 - len(delays) / due), ranked[len(ranked) // 2], ranked[int(len(ranked) * 0.99)])
