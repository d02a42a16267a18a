"""What each of the rival relays needs beside its library: rooms, the stamp on a packet, the certificate."""

import ssl
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

from streamer.relay.access.limits import raise_file_limit
from streamer.relay.tls.authority import Identity

Peer = TypeVar("Peer")

raise_file_limit()


class Rooms(Generic[Peer]):
    def __init__(self) -> None:
        self._rooms: defaultdict[str, dict[Peer, int]] = defaultdict(dict)
        self._joined = 0

    def __getitem__(self, room: str) -> dict[Peer, int]:
        return self._rooms[room]

    def join(self, room: str, peer: Peer) -> int:
        self._joined += 1
        self._rooms[room][peer] = self._joined
        return self._joined

    def leave(self, room: str, peer: Peer) -> None:
        self._rooms[room].pop(peer, None)


def room_of(path: str) -> str:
    return parse_qs(urlsplit(path).query)["room"][0]


def stamp(packet: bytes, talker_id: int) -> bytes:
    return packet[:2] + talker_id.to_bytes(2, "big") + packet[4:]


def tls_context(identity: Sequence[str]) -> ssl.SSLContext | None:
    """With the same settings as our relay's."""
    return Identity(*map(Path, identity)).server_context() if identity else None
