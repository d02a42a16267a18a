"""Where connections come from: a listening socket, or another process that hands them over."""

import asyncio
import socket
from dataclasses import dataclass
from typing import Protocol


class Arrivals(Protocol):
    """The connections at one door, one after the other."""

    async def accept(self) -> tuple[socket.socket, str]:
        """The next one, which does not block, and its peer's address. Raises OSError."""

    def close(self) -> None: ...


class Accepted:
    """What `listener` accepts, which it owns."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener

    async def accept(self) -> tuple[socket.socket, str]:
        peer, name = await asyncio.get_running_loop().sock_accept(self._listener)
        return peer, name[0] if name else ""

    def close(self) -> None:
        self._listener.close()


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What another process accepted, for the relay and for its join page in the clear."""

    relay: Arrivals
    join_page: Arrivals
