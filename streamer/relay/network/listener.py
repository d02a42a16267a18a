"""Where connections come in: accepted, counted and given a time to shake hands, before aiohttp has to do with
them.

TLS is aiofastnet's, aio-libs' own asyncio transport in Cython: it encrypts straight from our frames to the
socket, and counts in its buffer sizes all that waits. What is not TLS has the event loop's own transport.

Plain HTTP on a TLS port is not refused: the same port serves the join page, which says how to
come in.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Final

import aiofastnet

from streamer.relay.access.source import source_of
from streamer.relay.network.arrivals import Arrivals
from streamer.relay.network.proxies import TrustedProxies
from streamer.relay.network.proxy_protocol import ProxyHeaderError, read_header
from streamer.relay.network.readable import until_readable
from streamer.relay.network.turnstile import REQUEST, Turnstile
from streamer.relay.network.turnstile import TLS_HANDSHAKE as HANDSHAKE_COST
from streamer.relay.network.visitor import Visitor
from streamer.relay.network.waiting import Waiting
from streamer.websocket.tcp_options import hold_little

BACKLOG: Final = 1_024
"""Connections that the system keeps for us: all phones of a hall, whose relay has just restarted."""

TLS_HANDSHAKE: Final = b"\x16"
"""The content type that a TLS connection begins with (RFC 8446, section 5.1); no HTTP method does."""
OUT_OF_FILES_S: Final = 0.1
"""Then files are free again, or it is tried once more; without a pause that would take a processor."""

logger = logging.getLogger(__name__)


class Listener:
    """Takes the `arrivals`, which it owns, for `server`, and with `tls` for `plain` beside it.

    Each visitor has `handshake_s` to become a member or to get an answer; `waiting` decides who gets a place.
    `proxies` may say whom they bring; `on_refused` counts, by code, those that do not say it properly.
    """

    def __init__(
        self,
        server: Callable[[], asyncio.Protocol],
        arrivals: Arrivals,
        tls: ssl.SSLContext | None,
        plain: Callable[[], asyncio.Protocol] | None = None,
        *,
        waiting: Waiting[Visitor],
        handshake_s: float,
        requests_per_s: float,
        proxies: TrustedProxies | None = None,
        on_refused: Callable[[str], None] = lambda code: None,
    ) -> None:
        self.refused = 0
        self._server = server
        self._arrivals = arrivals
        self._tls = tls
        self._plain = plain
        self._waiting = waiting
        self._handshake_s = handshake_s
        self._turnstile = Turnstile(requests_per_s)
        self._proxies = proxies or TrustedProxies()
        self._on_refused = on_refused
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.create_task(self._accept())

    @property
    def handshakes(self) -> int:
        """How many connections are not WebSockets yet: in TLS's handshake, or speaking HTTP."""
        return len(self._waiting)

    async def close(self) -> None:
        """Stop accepting connections; requests that have arrived are answered."""
        self._accepting.cancel()
        for handshake in self._handshakes:
            handshake.cancel()
        await asyncio.wait([self._accepting, *self._handshakes])
        self._arrivals.close()

    async def _accept(self) -> None:
        while True:
            try:
                peer, address = await self._arrivals.accept()
            except OSError:  # out of files, or the peer went at once
                await asyncio.sleep(OUT_OF_FILES_S)
                continue
            self._receive(peer, address)

    def _receive(self, peer: socket.socket, address: str) -> None:
        visitor = Visitor(address, self._handshake_s, self._turnstile, self._waiting.discard, self._move)
        if not self._seat(visitor):
            peer.close()
            return
        visitor.shaking_hands = handshake = asyncio.create_task(self._shake_hands(visitor, peer))
        self._handshakes.add(handshake)
        handshake.add_done_callback(self._handshakes.discard)

    def _seat(self, visitor: Visitor) -> bool:
        """True if it gets a place; who has to go for it goes."""
        leaving = self._waiting.add(visitor)
        if leaving:
            self.refused += 1
            leaving.end()
        return leaving is not visitor

    def _move(self, visitor: Visitor, address: str) -> None:
        """A proxy has told whose it is: it takes a place of that address."""
        self._waiting.discard(visitor)
        visitor.address, visitor.source = address, source_of(address)
        self._seat(visitor)

    async def _shake_hands(self, visitor: Visitor, peer: socket.socket) -> None:
        hold_little(peer)
        try:
            await self._let_in(visitor, peer)
        except ProxyHeaderError as error:
            self._on_refused(error.code)
            logger.warning("the proxy %s was refused: %s", visitor.peer, error)
            self._turn_away(visitor, peer)
        except (OSError, ssl.SSLError):  # a peer that breaks off goes without a word
            self._turn_away(visitor, peer)
        except asyncio.CancelledError:
            self._turn_away(visitor, peer)
            raise

    def _turn_away(self, visitor: Visitor, peer: socket.socket) -> None:
        visitor.end()
        peer.close()

    async def _let_in(self, visitor: Visitor, peer: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        if self._proxies.trusts(visitor.peer):
            address = await read_header(peer, self._proxies.protocol)
            if address is not None:
                visitor.connects_from(address)
        is_plain = self._tls is None or (self._plain and await self._first_byte(peer) != TLS_HANDSHAKE)
        cost = REQUEST if is_plain else HANDSHAKE_COST
        if self._proxies.trusts(visitor.peer):
            cost = 0  # each request that it brings counts for whose it is
        await self._turnstile.passed(visitor.source, cost)
        if is_plain:
            server = self._server if self._tls is None else self._plain
            assert server
            await loop.connect_accepted_socket(lambda: visitor.answered_by(server), peer)
            return
        await aiofastnet.connect_accepted_socket(
            loop,
            lambda: visitor.answered_by(self._server),
            peer,
            ssl=self._tls,
            ssl_handshake_timeout=self._handshake_s,
            ssl_shutdown_timeout=self._handshake_s,
        )

    async def _first_byte(self, peer: socket.socket) -> bytes:
        """What the peer begins with; it stays to be read."""
        await until_readable(peer)
        return peer.recv(1, socket.MSG_PEEK)


def listening_socket(host: str, port: int) -> socket.socket:
    """Raises OSError if host or port can't be used. The host `::` takes IPv4 as well."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=host == "::")
    listener.setblocking(False)
    return listener
