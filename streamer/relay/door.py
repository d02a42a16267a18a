"""Where connections come in: accepted, counted and given a time to shake hands, before aiohttp has to do with them.

TLS is aiofastnet's, aio-libs' own asyncio transport in Cython: it encrypts straight from our frames to the socket, and
counts in its buffer sizes all that waits. What is not TLS has the event loop's own transport.

Who speaks plain HTTP to a door of TLS is not turned away: the same port serves the join page, which says how to
come in.
"""

import asyncio
import socket
import ssl
from typing import Final

import aiofastnet
from aiohttp import web

from streamer.tcp import hold_little

BACKLOG: Final = 1_024
TLS_HANDSHAKE: Final = b"\x16"
"""The content type that a TLS connection begins with (RFC 8446, section 5.1); no HTTP method does."""
OUT_OF_FILES_S: Final = 0.1


class Door:
    """Listens with `listener`, which it owns, for `server`, and with `tls` for `plain` beside it.

    At most `max_handshakes` at a time are let in.
    """

    def __init__(
        self,
        server: web.Server,
        listener: socket.socket,
        tls: ssl.SSLContext | None,
        plain: web.Server | None = None,
        *,
        max_handshakes: float,
        handshake_s: float,
    ) -> None:
        self.refused = 0
        self._server = server
        self._listener = listener
        self._tls = tls
        self._plain = plain
        self._max_handshakes = max_handshakes
        self._handshake_s = handshake_s
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.create_task(self._accept())

    @property
    def handshakes(self) -> int:
        """How many connections are not WebSockets yet: in TLS's handshake, or speaking HTTP."""
        servers = filter(None, (self._server, self._plain))
        return len(self._handshakes) + sum(len(server.connections) for server in servers)

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
        hold_little(peer)
        try:
            await self._let_in(peer)
        except (OSError, ssl.SSLError, TimeoutError):  # a peer that breaks off, or never finishes, goes without a word
            peer.close()

    async def _let_in(self, peer: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        if self._tls is None:
            await loop.connect_accepted_socket(self._server, peer)
        elif self._plain and await self._first_byte(peer) != TLS_HANDSHAKE:
            await loop.connect_accepted_socket(self._plain, peer)
        else:
            await aiofastnet.connect_accepted_socket(
                loop, self._server, peer, ssl=self._tls, ssl_handshake_timeout=self._handshake_s
            )

    async def _first_byte(self, peer: socket.socket) -> bytes:
        """What the peer begins with; it stays to be read."""
        loop = asyncio.get_running_loop()
        came = asyncio.Event()
        loop.add_reader(peer, came.set)
        try:
            async with asyncio.timeout(self._handshake_s):
                await came.wait()
        finally:
            loop.remove_reader(peer)
        return peer.recv(1, socket.MSG_PEEK)


def listening_socket(host: str, port: int) -> socket.socket:
    """Raises OSError where host or port can't be had. The host `::` takes IPv4 as well."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=host == "::")
    listener.setblocking(False)
    return listener
