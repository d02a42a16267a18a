"""The relay as a web application: the page, the socket, the health check and the metrics on one origin."""

import asyncio
import logging
import time
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Final

from aiohttp import web

from streamer import __version__
from streamer.errors import RefusedError
from streamer.hot.sink import Flusher
from streamer.relay.admission import Admission, Right
from streamer.relay.answers import Answers, asset_answer
from streamer.relay.checks import MAX_CHECK_BYTES, Checks
from streamer.relay.door import Door
from streamer.relay.echo import ECHO_ROOM, EchoRoom
from streamer.relay.guesses import Guesses
from streamer.relay.hub import Room, SharedRoom
from streamer.relay.limits import RelayLimits
from streamer.relay.metrics import CONTENT_TYPE, Metrics
from streamer.relay.origins import Origins
from streamer.relay.page import Asset
from streamer.relay.plain_text import clean_name
from streamer.relay.session import server_us
from streamer.relay.socket import Socket
from streamer.relay.trust import PROBE, probe
from streamer.relay.upgrade import upgrade

SUBPROTOCOL: Final = "streamer.v1"
GOING_AWAY: Final = 1001
GUEST: Final = "Guest"
SHUTDOWN_S: Final = 1.0
TICK_S: Final = 1.0

logger = logging.getLogger(__name__)


class Relay:
    """Everything one relay serves: `page` by URL path, and the rooms that `admission` lets people into."""

    def __init__(
        self,
        admission: Admission,
        page: Mapping[str, Asset],
        limits: RelayLimits | None = None,
        origins: Origins | None = None,
    ) -> None:
        self.limits = limits or RelayLimits()
        self.origins = origins or Origins()
        self.door: Door | None = None
        self._answers = Answers(self.origins)
        self._guesses = Guesses()
        self._connection_limits = self.limits.of_connection()
        self._admission = admission
        self._page = page
        self._rooms: weakref.WeakValueDictionary[str, Room] = weakref.WeakValueDictionary()
        self._sockets: set[Socket] = set()
        self._addresses: Counter[str] = Counter()
        self._draining = False
        self._checks = Checks()

    def application(self) -> web.Application:
        """Made in the event loop that it will run in."""
        self._flusher = Flusher(asyncio.get_running_loop(), deadline_ms=self.limits.deadline_ms)
        self._metrics = Metrics(self._flusher.traffic, self._counted_now, self._answers.refusals)
        application = web.Application(middlewares=[self._answers.middleware], client_max_size=MAX_CHECK_BYTES)
        application.router.add_get("/ws", self._socket)
        application.router.add_get(PROBE, probe)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/metrics", self._tell_metrics)
        application.router.add_post("/check", self._take_check)
        application.router.add_get("/checks", self._tell_checks)
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
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        asset = self._page.get(request.path)
        if asset is None:
            raise RefusedError(f"there is nothing at {request.path}", status=404, code="not-found")
        return asset_answer(request, asset)

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
        return web.Response(status=204)

    async def _tell_checks(self, request: web.Request) -> web.StreamResponse:
        self._admission.check_host(request.headers.get("Authorization", "").removeprefix("Bearer "))
        return web.json_response([asdict(check) for check in self._checks.newest])

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self.origins.check(request.headers.get("Origin"))
        address = request.remote or ""
        right = self._check_key(request, address)
        room, name = self._room_for(request)
        socket = Socket(self._flusher, self._connection_limits, room, name, address, self._on_lost)
        response = upgrade(request, socket, subprotocol=SUBPROTOCOL)
        self._sockets.add(socket)
        self._addresses[address] += 1
        self._admission.entered(room.name, right)
        return response

    def _on_lost(self, socket: Socket) -> None:
        self._sockets.discard(socket)
        self._addresses[socket.address] -= 1
        if not self._addresses[socket.address]:
            del self._addresses[socket.address]

    def _check_key(self, request: web.Request, address: str) -> Right:
        try:
            return self._admission.admit(request.query.get("room", ""), request.query.get("key"))
        except RefusedError as refusal:
            if refusal.code == "key-wrong":
                self._guesses.wrong(address, asyncio.get_running_loop().time())
            raise

    def _room_for(self, request: web.Request) -> tuple[Room, str]:
        """The room and the name that `request` asks for; raises RefusedError (PROTOCOL.md, Refusals)."""
        name = request.query.get("name")
        cleaned = clean_name(name) if name else GUEST
        if self._draining:
            raise RefusedError("the relay is going away", status=503, code="draining")
        _check_subprotocol(request)
        if self._addresses[request.remote or ""] >= self.limits.max_per_address:
            raise RefusedError("there are too many connections from this address", status=429, code="too-many")
        room = self._room(request.query["room"])
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


def _check_subprotocol(request: web.Request) -> None:
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    if "Upgrade" in request.headers and SUBPROTOCOL not in (name.strip() for name in offered.split(",")):
        raise RefusedError(f"the subprotocol {SUBPROTOCOL} was not offered", status=400, code="bad-subprotocol")
