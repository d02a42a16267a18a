"""The relay as a web application: the page, the socket, the health check and the metrics on one origin."""

import asyncio
import errno
import logging
import socket as sockets
import ssl
import time
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiohttp import web

from streamer import __version__
from streamer.errors import RefusedError, SetupError
from streamer.hot.sink import Flusher
from streamer.relay.admission import Admission
from streamer.relay.checks import MAX_CHECK_BYTES, Checks
from streamer.relay.door import Door, listening_socket
from streamer.relay.echo import ECHO_ROOM, EchoRoom
from streamer.relay.hub import Room, SharedRoom
from streamer.relay.limits import RelayLimits
from streamer.relay.metrics import CONTENT_TYPE, Metrics
from streamer.relay.page import Asset
from streamer.relay.plain_text import clean_name
from streamer.relay.session import server_us
from streamer.relay.socket import Socket
from streamer.relay.upgrade import VERSION, upgrade

SUBPROTOCOL: Final = "streamer.v1"
GOING_AWAY: Final = 1001
GUEST: Final = "Guest"
SHUTDOWN_S: Final = 1.0
TICK_S: Final = 1.0
HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Relay:
    """Everything one relay serves: `page` by URL path, and the rooms that `admission` lets people into."""

    def __init__(self, admission: Admission, page: Mapping[str, Asset], limits: RelayLimits | None = None) -> None:
        self.limits = limits or RelayLimits()
        self._connection_limits = self.limits.of_connection()
        self._admission = admission
        self._page = page
        self._rooms: weakref.WeakValueDictionary[str, Room] = weakref.WeakValueDictionary()
        self._sockets: set[Socket] = set()
        self._addresses: Counter[str] = Counter()
        self._draining = False
        self._checks = Checks()
        self.door: Door | None = None

    def application(self) -> web.Application:
        """Made in the event loop that it will run in."""
        self._flusher = Flusher(asyncio.get_running_loop(), deadline_ms=self.limits.deadline_ms)
        self._metrics = Metrics(self._flusher.traffic, self._counted_now)
        application = web.Application(middlewares=[_refusals_in_words], client_max_size=MAX_CHECK_BYTES)
        application.router.add_get("/ws", self._socket)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/metrics", self._tell_metrics)
        application.router.add_post("/check", self._take_check)
        application.router.add_get("/{path:.*}", self._asset)
        application.cleanup_ctx.append(self._ticking)
        application.on_shutdown.append(self._drain)
        return application

    async def _ticking(self, application: web.Application) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._tick()), asyncio.create_task(self._metrics.watch_lag())]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now_us = server_us()
            for socket in list(self._sockets):
                socket.tick(now_us)

    def _counted_now(self) -> dict[str, float]:
        counted: dict[str, float] = {"connections": len(self._sockets), "rooms": len(self._rooms)}
        if self.door:
            counted |= {"handshakes": self.door.handshakes, "refused_at_the_door": self.door.refused}
        return counted

    async def _tell_metrics(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self._metrics.text(), headers={**HEADERS, "Content-Type": CONTENT_TYPE})

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        asset = self._page.get(request.path)
        if asset is None:
            raise RefusedError(f"there is nothing at {request.path}", status=404, code="not-found")
        headers = {**HEADERS, "ETag": asset.etag, "Vary": "Accept-Encoding", "Content-Type": asset.content_type}
        if request.headers.get("If-None-Match") == asset.etag:
            return web.Response(status=304, headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=asset.gzipped, headers={**headers, "Content-Encoding": "gzip"})
        return web.Response(body=asset.body, headers=headers)

    async def _healthz(self, request: web.Request) -> web.StreamResponse:
        rooms = list(self._rooms.values())
        health = {"status": "ok", "version": __version__, "rooms": len(rooms), "members": len(self._sockets)}
        return web.json_response(health)

    async def _take_check(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise RefusedError(
                f"a result is at most {MAX_CHECK_BYTES} bytes long", status=413, code="too-big"
            ) from None
        logger.info("%s", self._checks.add(body, request.remote or "", time.time()))
        return web.Response(status=204, headers=HEADERS)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        room, name = self._admit(request)
        address = request.remote or ""
        socket = Socket(self._flusher, self._connection_limits, room, name, address, self._on_lost)
        response = upgrade(request, socket, subprotocol=SUBPROTOCOL)
        self._sockets.add(socket)
        self._addresses[address] += 1
        return response

    def _on_lost(self, socket: Socket) -> None:
        self._sockets.discard(socket)
        self._addresses[socket.address] -= 1
        if not self._addresses[socket.address]:
            del self._addresses[socket.address]

    def _admit(self, request: web.Request) -> tuple[Room, str]:
        """The room and the name that `request` asks for; raises RefusedError (PROTOCOL.md, Refusals)."""
        room_name = request.query.get("room", "")
        self._admission.admit(room_name, request.query.get("key"))
        name = request.query.get("name")
        cleaned = clean_name(name) if name else GUEST
        if self._draining:
            raise RefusedError("the relay is going away", status=503, code="draining")
        _check_subprotocol(request)
        if self._addresses[request.remote or ""] >= self.limits.max_per_address:
            raise RefusedError("there are too many connections from this address", status=429, code="too-many")
        room = self._room(room_name)
        if room.size >= self.limits.max_members:
            raise RefusedError("this room is full", status=429, code="too-many")
        return room, cleaned

    def _room(self, name: str) -> Room:
        if name == ECHO_ROOM:
            return EchoRoom(asyncio.get_running_loop().call_later)
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = SharedRoom(name)
        return room

    async def _drain(self, application: web.Application) -> None:
        self._draining = True
        for socket in list(self._sockets):
            socket.close(GOING_AWAY, "the relay is going away")
        with suppress(TimeoutError):
            async with asyncio.timeout(SHUTDOWN_S):
                while self._sockets:
                    await asyncio.sleep(0.01)
        for socket in list(self._sockets):
            socket.abort()


@asynccontextmanager
async def listening(relay: Relay, host: str, port: int, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    """Serve `relay` until the block ends; gives the port. Raises SetupError where host or port can't be had."""
    limits = relay.limits
    # No access log: the invite key is in the socket's URL.
    runner = web.AppRunner(
        relay.application(), access_log=None, shutdown_timeout=SHUTDOWN_S, keepalive_timeout=limits.handshake_s
    )
    await runner.setup()
    try:
        listener = _listen(host, port)
        assert runner.server is not None
        door = Door(runner.server, listener, tls, max_handshakes=limits.max_handshakes, handshake_s=limits.handshake_s)
        relay.door = door
        try:
            yield listener.getsockname()[1]
        finally:
            await door.close()
    finally:
        await runner.cleanup()


def _listen(host: str, port: int) -> sockets.socket:
    try:
        return listening_socket(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SetupError(f"port {port} is in use: choose another with --port, or stop what uses it") from None
        if error.errno == errno.EACCES:
            raise SetupError(f"port {port} is only for root: choose one above 1023 with --port") from None
        raise SetupError(f"can't listen on {host} port {port}: {error.strerror or error}") from None


def _check_subprotocol(request: web.Request) -> None:
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    if "Upgrade" in request.headers and SUBPROTOCOL not in (name.strip() for name in offered.split(",")):
        raise RefusedError(f"the subprotocol {SUBPROTOCOL} was not offered", status=400, code="bad-subprotocol")


@web.middleware
async def _refusals_in_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedError as refusal:
        body = {"error": refusal.code, "message": str(refusal)}
        headers = {**HEADERS, "Sec-WebSocket-Version": VERSION} if refusal.code == "bad-handshake" else HEADERS
        return web.json_response(body, status=refusal.status, headers=headers)
