"""A WebSocket that takes over from HTTP requests (PROTOCOL.md, Over plain HTTP), until it has."""

import asyncio
import os
from typing import Final

from streamer.client.handshake import Opened
from streamer.errors import ConnectionLostError

PROVE_S: Final = 1.0
"""What lets a WebSocket open and then closes it, does so at once."""
ANSWER_S: Final = 2.0
"""For the relay to name its position, behind all that still waits for this client."""

GO: Final = b"\x82\x88"
"""The header of a masked binary message of 8 bytes."""
TAKEN_OVER: Final = b"\x82\x08"
HELLO_BYTES: Final = 10
"""The header and a position, a u64."""


class Successor(asyncio.Protocol):
    """Holds back what comes, until the link goes on over it."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._came = opened.early
        self._changed = asyncio.Event()
        self._is_lost = False
        opened.transport.set_protocol(self)
        opened.transport.resume_reading()

    @property
    def opened(self) -> Opened:
        """With what came for the link so far."""
        return self._opened._replace(early=self._came[HELLO_BYTES:])

    def data_received(self, data: bytes) -> None:
        self._came += data
        self._changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        self._changed.set()

    async def take_over(self) -> int:
        """Returns the position where it goes on. Raises ConnectionLostError where it does not get through."""
        if await self._has(HELLO_BYTES, PROVE_S):
            raise ConnectionLostError("The relay spoke before it was asked")
        key = os.urandom(4)
        self._opened.transport.write(GO + key + key * 2)  # eight masked zeros
        if not await self._has(HELLO_BYTES, ANSWER_S) or not self._came.startswith(TAKEN_OVER):
            raise ConnectionLostError("The relay did not let this WebSocket take over")
        return int.from_bytes(self._came[len(TAKEN_OVER) : HELLO_BYTES], "big")

    def abort(self) -> None:
        self._opened.transport.abort()

    async def _has(self, count: int, wait_s: float) -> bool:
        """True if so many bytes have come within that time. Raises ConnectionLostError."""
        try:
            async with asyncio.timeout(wait_s):
                while len(self._came) < count and not self._is_lost:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        if self._is_lost:
            raise ConnectionLostError("The WebSocket did not last")
        return len(self._came) >= count
