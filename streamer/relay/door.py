"""Where connections come in: accepted, counted and given a time to shake hands, before aiohttp has to do with them.

TLS is aiofastnet's, aio-libs' own asyncio transport in Cython: it encrypts straight from our frames to the socket, and
counts in its buffer sizes all that waits. What is not TLS has the event loop's own transport.
"""

import asyncio
import contextlib
import socket
import ssl
from typing import Final

import aiofastnet
from aiohttp import web

from streamer.tcp import hold_little

BACKLOG: Final = 1_024
OUT_OF_FILES_S: Final = 0.1


class Door:
    """Listens with `listener`, which it owns, for `server`. At most `max_handshakes` at a time are let in."""

    def __init__(
        self,
        server: web.Server,
        listener: socket.socket,
        tls: ssl.SSLContext | None,
        *,
        max_handshakes: float,
        handshake_s: float,
    ) -> None:
        self.refused = 0
        self._server = server
        self._listener = listener
        self._tls = tls
        self._max_handshakes = max_handshakes
        self._handshake_s = handshake_s
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.create_task(self._accept())

    @property
    def handshakes(self) -> int:
        """How many connections are not WebSockets yet: in TLS's handshake, or speaking HTTP."""
        return len(self._handshakes) + len(self._server.connections)

    async def close(self) -> None:
        self._accepting.cancel()
        for handshake in self._handshakes:
            handshake.cancel()
        await asyncio.wait([self._accepting, *self._handshakes])
        self._listener.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                peer, _ = await loop.sock_accept(self._listener)
            except OSError:  # out of files, or the peer went at once
                await asyncio.sleep(OUT_OF_FILES_S)
                continue
            if self.handshakes >= self._max_handshakes:
                self.refused += 1
                peer.close()
                continue
            handshake = asyncio.create_task(self._shake_hands(peer))
            self._handshakes.add(handshake)
            handshake.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, peer: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        hold_little(peer)
        # a peer that breaks off, or never finishes, is gone without a word
        with contextlib.suppress(OSError, ssl.SSLError, TimeoutError):
            if self._tls is None:
                await loop.connect_accepted_socket(self._server, peer)
            else:
                await aiofastnet.connect_accepted_socket(
                    loop, self._server, peer, ssl=self._tls, ssl_handshake_timeout=self._handshake_s
                )


def listening_socket(host: str, port: int) -> socket.socket:
    """Raises OSError where host or port can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    listener.setblocking(False)
    return listener
