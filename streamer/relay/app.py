"""The relay as a web application: the page, the socket and the health check on one origin."""

import asyncio
import errno
import ssl
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from streamer import __version__
from streamer.errors import RefusedError, SetupError
from streamer.relay.admission import Admission
from streamer.relay.echo import ECHO_ROOM, EchoRoom
from streamer.relay.hub import Room, SharedRoom
from streamer.relay.page import Asset
from streamer.relay.plain_text import clean_name
from streamer.relay.session import Session
from streamer.relay.socket import SUBPROTOCOL, Socket

GOING_AWAY: Final = 1001
GUEST: Final = "Guest"
SHUTDOWN_S: Final = 1.0
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

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Relay:
    """Everything one relay serves: `page` by URL path, and the rooms that `admission` lets people into."""

    def __init__(self, admission: Admission, page: Mapping[str, Asset]) -> None:
        self._admission = admission
        self._page = page
        self._rooms: weakref.WeakValueDictionary[str, Room] = weakref.WeakValueDictionary()
        self._sockets: set[Socket] = set()
        self._draining = False

    def application(self) -> web.Application:
        application = web.Application(middlewares=[_refusals_in_words])
        application.router.add_get("/ws", self._socket)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/{path:.*}", self._asset)
        application.on_shutdown.append(self._drain)
        return application

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

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        room, name = self._admit(request)
        socket = Socket()
        self._sockets.add(socket)
        try:
            return await socket.carry(request, Session(socket, room, name))
        finally:
            self._sockets.discard(socket)

    def _admit(self, request: web.Request) -> tuple[Room, str]:
        """The room and the name that `request` asks for; raises RefusedError (PROTOCOL.md, Refusals)."""
        room = request.query.get("room", "")
        self._admission.admit(room, request.query.get("key"))
        name = request.query.get("name")
        cleaned = clean_name(name) if name else GUEST
        if self._draining:
            raise RefusedError("the relay is going away", status=503, code="draining")
        _check_handshake(request)
        return self._room(room), cleaned

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


@asynccontextmanager
async def listening(relay: Relay, host: str, port: int, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    """Serve `relay` until the block ends; gives the port. Raises SetupError where host or port can't be had."""
    # No access log: the invite key is in the socket's URL.
    runner = web.AppRunner(relay.application(), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, ssl_context=tls)
        await _start(site, host, port)
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _start(site: web.TCPSite, host: str, port: int) -> None:
    try:
        await site.start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SetupError(f"port {port} is in use: choose another with --port, or stop what uses it") from None
        if error.errno == errno.EACCES:
            raise SetupError(f"port {port} is only for root: choose one above 1023 with --port") from None
        raise SetupError(f"can't listen on {host} port {port}: {error.strerror or error}") from None


def _check_handshake(request: web.Request) -> None:
    if "websocket" not in request.headers.get("Upgrade", "").lower():
        raise RefusedError("this address speaks WebSocket only", status=400, code="bad-handshake")
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    if SUBPROTOCOL not in (name.strip() for name in offered.split(",")):
        raise RefusedError(f"the subprotocol {SUBPROTOCOL} was not offered", status=400, code="bad-subprotocol")


@web.middleware
async def _refusals_in_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedError as refusal:
        body = {"error": refusal.code, "message": str(refusal)}
        return web.json_response(body, status=refusal.status, headers=HEADERS)
    except web.HTTPBadRequest as error:
        body = {"error": "bad-handshake", "message": error.text or "not a WebSocket handshake"}
        return web.json_response(body, status=400, headers=HEADERS)
