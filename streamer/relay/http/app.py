"""The relay as a web application: the page, the socket, the health check and the metrics on one origin."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from time import monotonic, time
from typing import Final, Protocol

from aiohttp import web

from streamer.errors import RefusedError
from streamer.relay.access.invites import InviteStore
from streamer.relay.access.limits import RelayLimits
from streamer.relay.access.open_files import Places, most_files
from streamer.relay.access.other_relays import OtherRelays
from streamer.relay.access.tokens import TokenStore
from streamer.relay.api.bodies import MAX_JSON_BYTES
from streamer.relay.api.routes import Api
from streamer.relay.background import keep_running, surviving
from streamer.relay.hooks.hooks import Hooks
from streamer.relay.http.below import canonical_paths, check_base
from streamer.relay.http.device_checks import MAX_CHECK_BYTES, Check, Checks
from streamer.relay.http.fallback import Fallback
from streamer.relay.http.health import Health
from streamer.relay.http.host import host_of
from streamer.relay.http.join_app import PROBE, probe
from streamer.relay.http.metrics import CONTENT_TYPE, Metrics
from streamer.relay.http.middleware import Answers, asset_answer
from streamer.relay.http.origins import Origins
from streamer.relay.http.room_requests import RoomRequests
from streamer.relay.http.shortcut import Shortcuts
from streamer.relay.http.static_files import Asset
from streamer.relay.http.upgrade import upgrade
from streamer.relay.logs import REDACTION
from streamer.relay.network.listener import Listener
from streamer.relay.network.proxies import TrustedProxies
from streamer.relay.network.visitor import Visitor, visitor_of
from streamer.relay.network.waiting import Waiting
from streamer.relay.rooms.decisions import Decisions
from streamer.relay.rooms.echo_room import MESSAGES_PER_S, EchoRoom
from streamer.relay.rooms.leg import server_us
from streamer.relay.rooms.lobby import Lobby
from streamer.relay.rooms.socket import Socket
from streamer.relay.rooms.talking import EVERY_S, TalkWatch
from streamer.sounds import Studio
from streamer.websocket.sink import Flusher
from streamer.wire.close_codes import GOING_AWAY, IDLE
from streamer.wire.control import serialize
from streamer.wire.names import SUBPROTOCOL

SHUTDOWN_S: Final = 1.0
LOOK_S: Final = 0.01
"""From one look to the next whether all members have gone."""
TICK_S: Final = 1.0
BEAT_S: Final = 0.04
"""A third of the time that voice may wait."""

logger = logging.getLogger(__name__)


class Beside(Protocol):
    """Other relays of the same service."""

    @property
    def gauges(self) -> Mapping[str, float]: ...

    counts: Counter[str]
    """What happened, by its name."""

    on_peers: Callable[[], None]
    """To be set: is called when `addresses` are others than before."""

    @property
    def addresses(self) -> list[str]:
        """Of those that live."""

    def attach(self, lobby: Lobby, flusher: Flusher) -> None: ...

    async def ready(self) -> None:
        """Return when they were reached, or can't be: theirs are the invitations that count."""

    async def run(self) -> None:
        """Until it is cancelled."""


class Relay:
    """Everything one relay serves: `page` by URL path, and the rooms that `admission` lets people into."""

    def __init__(
        self,
        admission: InviteStore,
        page: Mapping[str, Asset],
        limits: RelayLimits | None = None,
        origins: Origins | None = None,
        decisions: Decisions | None = None,
        tokens: TokenStore | None = None,
        studio: Studio | None = None,
        hooks: Hooks | None = None,
        proxies: TrustedProxies | None = None,
    ) -> None:
        """`studio` reads sounds for announcements; None where there is no codec."""
        self.limits = limits or RelayLimits()
        self.origins = origins or Origins()
        self.doors: list[Listener] = []
        """Where its members come in."""
        self.asked_home: Callable[[Socket], str] = lambda socket: ""
        """The address of the process where a member is asked to go, to be with its room; empty where it is
        there."""
        self.cluster: Beside | None = None
        """To be set before the application is made."""
        self.proxies = proxies or TrustedProxies()
        self._answers = Answers(self.origins, self.proxies)
        self.other_relays.on_change = self._follow_other_relays
        self._connection_limits = self.limits.of_connection()
        echo_messages_per_s = min(self.limits.messages_per_s, MESSAGES_PER_S)
        self._echo_limits = replace(self.limits, messages_per_s=echo_messages_per_s).of_connection()
        self._in_echo: Waiting[Socket] = Waiting(self.limits.max_echo, self.limits.max_echo_per_address)
        self._admission = admission
        REDACTION.watch(admission)
        self._decisions = decisions
        self._tokens = tokens or TokenStore()
        self._studio = studio
        self._hooks = hooks
        self._page = page
        self._sockets: set[Socket] = set()
        self._checks = Checks()

    @property
    def refusals(self) -> Mapping[str, int]:
        """How many there were, by code."""
        return self._answers.refusals

    @property
    def checks(self) -> list[Check]:
        """What devices found out about themselves, the newest last."""
        return self._checks.newest

    def count_refusal(self, code: str) -> None:
        """Of a connection that did not come as far as a request."""
        self._answers.count(code)

    @property
    def other_relays(self) -> OtherRelays:
        """Where members go when this relay stops; a cluster may change it at any time."""
        return self.origins.others

    def _find_other_relays(self) -> None:
        if self.cluster:
            self.other_relays.find(self.cluster.addresses)

    def _follow_other_relays(self) -> None:
        self._answers.follow_others()
        for socket in list(self._sockets):
            self.tell_relays(socket)

    def tell_relays(self, socket: Socket) -> None:
        """Where the others are, and whether to go there now. Who is asked home is told of no other place."""
        is_draining = self._reception.is_draining
        home = "" if is_draining else self.asked_home(socket)
        relays = [home] if home else self.other_relays.addresses_for(socket.entry.room.name)
        move = is_draining or home != ""
        socket.send_text(serialize({"type": "relays", "relays": relays, "move": move}))

    @property
    def sockets(self) -> list[Socket]:
        """Of the members that are connected to this relay."""
        return list(self._sockets)

    @property
    def lobby(self) -> Lobby:
        """Where rooms are; there is one once the application is made."""
        return self._reception

    def application(self) -> web.Application:
        """Made in the event loop that it will run in."""
        self._flusher = Flusher(asyncio.get_running_loop(), deadline_ms=self.limits.deadline_ms)
        places = Places.of(most_files(), self.limits)
        self._reception = Lobby(
            self._admission,
            self.limits,
            places,
            asyncio.get_running_loop().call_later,
            self._decisions,
            lambda: self.origins.join_origin,
            self._tokens,
        )
        self._reception.other_relays = self.other_relays
        self.waiting: Waiting[Visitor] = Waiting(
            places.visitors,
            self.limits.max_handshakes_per_address,
            self._reception.is_regular,
            self.proxies.trusts,
        )
        if self.cluster:
            self.cluster.attach(self._reception, self._flusher)
            self.cluster.on_peers = self._find_other_relays
        self._fallback = self._make_fallback()
        self._shortcuts: Shortcuts | None = None
        events = {"fallback": self._fallback.counts} | (
            {"cluster": self.cluster.counts} if self.cluster else {}
        )
        self._metrics = Metrics(self._flusher.traffic, self._counted_now, self.refusals, events)
        application = web.Application(middlewares=[self._answers.middleware], client_max_size=MAX_JSON_BYTES)
        self._add_routes(application)
        application.cleanup_ctx.append(self._ticking)
        application.on_shutdown.append(self._drain)
        return application

    def _add_routes(self, application: web.Application) -> None:
        router = application.router
        router.add_get("/ws", self._socket)
        router.add_post("/ws", self._socket)  # a page that asks why its socket was refused
        self._fallback.add_to(router)
        RoomRequests(self._reception, self.origins).add_to(router)
        router.add_get(PROBE, probe)
        Health(self._reception, lambda: len(self._sockets)).add_to(router)
        router.add_get("/metrics", self._tell_metrics)
        router.add_post("/check", self._take_check)
        self._api = self._make_api()
        self._api.add_to(router)
        check_base(self.origins.path, [*canonical_paths(application), *self._page])
        router.add_get("/{path:.*}", self._asset)

    def _make_api(self) -> Api:
        return Api(
            self._reception,
            self._tokens,
            self._admission,
            self._flusher,
            lambda: [asdict(check) for check in self.checks],
            self._studio,
            self.origins.path,
        )

    def _make_fallback(self) -> Fallback:
        fallback = Fallback(self._admit, self._entered, self._answers.headers)
        self._answers.claim = fallback.claim
        return fallback

    def answering(self, make_http: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """What speaks on each connection to this relay, before and beside what `make_http` makes."""
        self._shortcuts = Shortcuts(self._fallback, self._answers, self.origins.path, make_http)
        return self._shortcuts

    async def _ticking(self, application: web.Application) -> AsyncIterator[None]:
        works: dict[str, Callable[[], Awaitable[None]]] = {
            "the tick": self._tick,
            "the heartbeat": self._beat,
            "the watch of who talks": self._watch_talking,
            "the watch of the event loop": self._metrics.watch_lag,
        }
        if self.cluster:
            works["the link to other relays"] = self.cluster.run
        if self._hooks:
            works["the hooks"] = partial(self._hooks.run, self._reception.events)
        tasks = [asyncio.create_task(keep_running(name, work)) for name, work in works.items()]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now_us = server_us()
            for socket in list(self._sockets):
                with surviving("the tick of a connection"):
                    socket.tick(now_us)
            self._fallback.tick()
            self._reception.tick()

    async def _watch_talking(self) -> None:
        watch = TalkWatch()
        while True:
            await asyncio.sleep(EVERY_S)
            if self._reception.events.is_watched:
                watch.look(self._reception.rooms, server_us())

    async def _beat(self) -> None:
        """So that the core knows when the event loop was held up, and how old what it reads then may be."""
        while True:
            self._flusher.beat()
            await asyncio.sleep(BEAT_S)

    def _counted_now(self) -> dict[str, float]:
        counted: dict[str, float] = {"connections": len(self._sockets), "rooms": self._reception.room_count}
        counted["fallback_legs"] = self._fallback.legs
        if self.doors:
            refused = sum(door.refused for door in self.doors)
            counted |= {"handshakes": len(self.waiting), "refused_at_the_door": refused}
        return counted | (dict(self.cluster.gauges) if self.cluster else {})

    async def _tell_metrics(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        asset = self._page.get(request.path)
        if asset is None and self.origins.path and request.raw_path == self.origins.path:
            raise web.HTTPTemporaryRedirect(f"{self.origins.path}/", headers={"Cache-Control": "no-store"})
        if asset is None:
            raise RefusedError(f"there is nothing at {request.path}", status=404, code="not-found")
        return asset_answer(request, asset)

    async def _take_check(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.read()
            if len(body) > MAX_CHECK_BYTES:
                raise web.HTTPRequestEntityTooLarge(MAX_CHECK_BYTES, len(body))
        except web.HTTPRequestEntityTooLarge:
            raise RefusedError(
                f"a result is at most {MAX_CHECK_BYTES} bytes long", status=413, code="too-big"
            ) from None
        except RuntimeError:  # aiohttp's word for a peer that is gone
            raise RefusedError("the result ended early", status=400, code="bad-request") from None
        check = self._checks.add(body, request.remote or "", time(), monotonic())
        logger.info("%s", check)
        self._reception.events.add("check", "", asdict(check))
        return web.Response(status=204)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        _check_subprotocol(request)
        if "leg" in request.query:
            self.origins.check(request.headers.get("Origin"), host_of(request))
            return self._fallback.take_over(request)
        socket = self._admit(request)
        visitor = visitor_of(request)
        response = upgrade(request, socket, subprotocol=SUBPROTOCOL)
        if visitor:
            visitor.pass_on()
        self._entered(socket)
        return response

    def _admit(self, request: web.Request) -> Socket:
        """Raises RefusedError where whoever asks may not come in."""
        self.origins.check(request.headers.get("Origin"), host_of(request))
        address = request.remote or ""
        entry = self._reception.receive(request.query, address)
        limits = self._echo_limits if isinstance(entry.room, EchoRoom) else self._connection_limits
        return Socket(self._flusher, limits, entry, address, self._on_lost)

    def _entered(self, socket: Socket) -> None:
        """It is attached."""
        self._sockets.add(socket)
        self._reception.entered(socket.entry, socket.address, socket.files)
        if isinstance(socket.entry.room, EchoRoom):
            self._make_room_in_echo(socket)

    def _make_room_in_echo(self, newcomer: Socket) -> None:
        leaving = self._in_echo.add(newcomer)
        if leaving:
            leaving.close(IDLE, "echo-wanted")

    def _on_lost(self, socket: Socket) -> None:
        self._sockets.discard(socket)
        self._in_echo.discard(socket)
        self._reception.left(socket.entry, socket.address, socket.files)

    async def drain(self) -> None:
        """Let nobody else in, and ask the members to move; returns when they have, or after `drain_s`.

        Where there is no other relay, they come back to the next start of this one, and nothing is waited
        for.
        """
        self._reception.is_draining = True
        if self.other_relays and self._sockets:
            for socket in self.sockets:
                self.tell_relays(socket)
            await self._until_empty(self.limits.drain_s)

    async def _until_empty(self, most_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                while self._sockets:
                    await asyncio.sleep(LOOK_S)

    async def _drain(self, application: web.Application) -> None:
        self._reception.is_draining = True
        self._api.end()
        self._reception.events.end()
        for socket in list(self._sockets):
            socket.close(GOING_AWAY, "draining")
        await self._until_empty(SHUTDOWN_S)
        for socket in list(self._sockets):
            socket.abort()
        if self._shortcuts:
            self._shortcuts.close()


def _check_subprotocol(request: web.Request) -> None:
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    if "Upgrade" in request.headers and SUBPROTOCOL not in (name.strip() for name in offered.split(",")):
        raise RefusedError(
            f"the subprotocol {SUBPROTOCOL} was not offered", status=400, code="bad-subprotocol"
        )
