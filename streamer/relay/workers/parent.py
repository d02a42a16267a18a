"""The parent of the workers: it has the screen, prints the links, accepts connections, and serves nobody
itself.

It is a relay of the same cluster, without a door: so its screen shows what they know, and its keys work.
"""

import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from streamer.relay.access.limits import RelayLimits
from streamer.relay.background import until_ended
from streamer.relay.cluster.bus import check_library
from streamer.relay.cluster.cluster import Cluster
from streamer.relay.network.inherited import Inherited, inherited
from streamer.relay.options import ServeOptions
from streamer.relay.running import listen, without_doors
from streamer.relay.screen.qr_code import CodeStyle
from streamer.relay.serve import FromInside, Say, Server, relay_of
from streamer.relay.workers.channel import PAGE, RELAY
from streamer.relay.workers.crew import Crew, ToTell
from streamer.relay.workers.front import Front
from streamer.relay.workers.options import WorkerOptions
from streamer.relay.workers.own_nats import OwnNats, find_nats
from streamer.relay.workers.recordings import recordings
from streamer.relay.workers.together import until_one_ends
from streamer.relay.workers.told import Told
from streamer.wire.relay_address import RelayAddress

if TYPE_CHECKING:
    from streamer.relay.screen.screen import Screen

MOST_ROOMS: Final = 100
"""That the screen counts people in."""


async def serve_by_workers(
    options: ServeOptions,
    limits: RelayLimits,
    own: WorkerOptions,
    say: Say,
    code_style: CodeStyle = CodeStyle.BLOCKS,
    screen: "Screen | None" = None,
) -> None:
    """Serve until cancelled, or ended at the `screen`. Raises SetupError if `options` can't be provided."""
    check_library()
    passed_on = inherited()
    server = Server(options, say, code_style, passed_on)
    listeners = _listeners(server, options, passed_on)
    try:
        async with _joined_by(options) as (joined, nats):
            await _serve(server, listeners, joined, limits, own, nats, say, screen)
    finally:
        for listener in listeners.values():
            listener.close()
        await server.close()


async def _serve(
    server: Server,
    listeners: dict[bytes, socket.socket],
    options: ServeOptions,
    limits: RelayLimits,
    own: WorkerOptions,
    nats: OwnNats | None,
    say: Say,
    screen: "Screen | None",
) -> None:
    port = listeners[RELAY].getsockname()[1]
    relay, _ = relay_of(options, limits, server, None, "-0")
    assert isinstance(relay.cluster, Cluster)
    relay.cluster.tells_own_events_only = True  # the workers tell all
    crew = Crew(own.workers, _to_tell(server, listeners, options, limits, own))
    front = Front(listeners, crew)
    async with without_doors(relay):
        await relay.cluster.ready()
        try:
            await crew.start()
            with suppress(OSError, ValueError):
                say("\n".join(_describe(crew)))
            works = [server.keep(port), crew.run(), front.run(), *([nats.run()] if nats else [])]
            shown = screen.run(House(server, relay.lobby, port)) if screen else None
            async with recordings(options, crew, server.tokens, partial(_link_to, server, crew, port)):
                await until_ended(until_one_ends(*works), shown, lambda: _stop(front, crew, limits.drain_s))
        finally:
            await crew.end(0)


def _link_to(server: Server, crew: Crew, port: int, room: str, token: str) -> str:
    """For a program on this computer: it is at home there at once, and learns of the other workers."""
    home = crew.home_of(room)
    return server.own_link(room, token, home.port if home else port)


async def _stop(front: Front, crew: Crew, drain_s: float) -> None:
    front.close()
    await crew.end(drain_s)


class House(FromInside):
    """What the screen shows. Rooms are with the workers, and here as long as somebody looks."""

    @property
    def rooms(self) -> list[str]:
        for room in self._server.admission.rooms[:MOST_ROOMS]:
            self._lobby.used.room(room)
        return super().rooms

    def lock(self, room: str, *, locked: bool) -> None:
        self._lobby.used.room(room)
        super().lock(room, locked=locked)


def _listeners(server: Server, options: ServeOptions, passed_on: Inherited) -> dict[bytes, socket.socket]:
    """By their kind. Raises SetupError."""
    found = {RELAY: passed_on.relay or listen(server.place.bind, options.port)}
    if passed_on.join_page:
        found[PAGE] = passed_on.join_page
    elif options.http_port is not None:
        found[PAGE] = listen(server.place.bind, options.http_port, "--http-port")
    return found


@asynccontextmanager
async def _joined_by(options: ServeOptions) -> AsyncIterator[tuple[ServeOptions, OwnNats | None]]:
    """With the NATS server that is named there, or with one of our own while the block lasts."""
    if options.cluster:
        yield options, None
        return
    nats = OwnNats(find_nats(), options.directory)
    try:
        await nats.start()
        yield replace(options, cluster=nats.url), nats
    finally:
        await nats.stop()


def _to_tell(
    server: Server,
    listeners: dict[bytes, socket.socket],
    options: ServeOptions,
    limits: RelayLimits,
    own: WorkerOptions,
) -> ToTell:
    """The workers listen where their parent does, on ports of their own."""
    port = listeners[RELAY].getsockname()[1]
    http_port = listeners[PAGE].getsockname()[1] if PAGE in listeners else None
    host = options.host if server.place.name else server.place.bind
    told = Told(0, os.getpid(), port, 0, _has_addresses(server, options, port), options, limits)
    told = replace(told, options=replace(options, host=host, http_port=http_port))

    def to_tell(number: int, port_before: int) -> Told:
        given = own.worker_port + number - 1 if own.worker_port else port_before
        return replace(told, number=number, own_port=given)

    return to_tell


def _has_addresses(server: Server, options: ServeOptions, port: int) -> bool:
    """True if who comes to this relay can come to other ports here, too, as far as that is known."""
    if not server.origins.url:
        return True
    url = RelayAddress.parse(server.origins.url)
    scheme = "http" if options.no_tls else "https"
    return url is not None and (url.scheme, url.port, url.path) == (scheme, port, "")


def _describe(crew: Crew) -> Iterator[str]:
    yield f"{len(crew.ready)} workers, each with /healthz, /readyz and /metrics of its own:"
    for worker in crew.ready:
        yield f"  worker {worker.number}: {worker.address or f'port {worker.port}'}"
