"""A relay on its port, from the first connection to the last."""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from aiohttp import web

from streamer.errors import SetupError
from streamer.relay.access.limits import RelayLimits
from streamer.relay.http.app import SHUTDOWN_S, Relay
from streamer.relay.http.below import below
from streamer.relay.network.arrivals import Accepted, Arrivals, HandedOver
from streamer.relay.network.inherited import Inherited
from streamer.relay.network.listener import Listener, listening_socket
from streamer.relay.network.visitor import MAX_FIELD_BYTES

LOW_PORTS: Final = 1_024
"""Below that a program needs a right of its own (ip(7), ip_unprivileged_port_start)."""


@asynccontextmanager
async def listening(
    relay: Relay,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    plain: web.Application | None = None,
    *,
    http_port: int | None = None,
    inherited: Inherited | None = None,
    handed_over: HandedOver | None = None,
) -> AsyncIterator[int]:
    """Serve `relay` until the block ends, and `plain` to visitors without TLS; gives the port.

    `plain` is also at `http_port`. Sockets that were `inherited` are used in place of those that would be
    opened. What is `handed_over` comes beside what this process accepts itself, and brings the visitors of
    `http_port`. Raises SetupError if host or port can't be used.
    """
    limits = relay.limits
    inherited = inherited or Inherited()
    base = relay.origins.path
    async with _running(relay.application(), limits, base) as server, _running(plain, limits) as plain_server:
        assert server is not None
        async with AsyncExitStack() as doors:
            listener = inherited.relay or listen(host, port)
            doors.callback(listener.close)
            port = listener.getsockname()[1]
            arrivals: list[Arrivals] = [Accepted(listener)]
            visitors: list[Arrivals] = []
            if handed_over:
                arrivals.append(handed_over.relay)
                visitors.append(handed_over.join_page)
            elif plain_server and (inherited.join_page or http_port is not None):
                visitors.append(Accepted(inherited.join_page or listen(host, http_port or 0, "--http-port")))
            answering = relay.answering(server)
            relay.doors = [_door(relay, answering, each, tls, plain_server) for each in arrivals]
            pages = [_door(relay, plain_server, each, None, None) for each in visitors if plain_server]
            for each in (*relay.doors, *pages):
                doors.push_async_callback(each.close)
            relay.origins.own("https" if tls else "http", [host], port)
            yield port


def _door(
    relay: Relay,
    server: Callable[[], asyncio.Protocol],
    arrivals: Arrivals,
    tls: ssl.SSLContext | None,
    plain: web.Server | None,
) -> Listener:
    return Listener(
        server,
        arrivals,
        tls,
        plain,
        waiting=relay.waiting,
        handshake_s=relay.limits.handshake_s,
        requests_per_s=relay.limits.requests_per_s,
        proxies=relay.proxies,
        on_refused=relay.count_refusal,
    )


@asynccontextmanager
async def without_doors(relay: Relay) -> AsyncIterator[None]:
    """Run `relay` until the block ends, where nobody comes in."""
    async with _running(relay.application(), relay.limits):
        yield


@asynccontextmanager
async def _running(
    application: web.Application | None, limits: RelayLimits, base: str = ""
) -> AsyncIterator[web.Server | None]:
    if application is None:
        yield None
        return
    # No access log: the invite key is in the socket's URL. No decompression: a small body could become a
    # large one.
    runner = web.AppRunner(
        application,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=limits.handshake_s,
        max_field_size=MAX_FIELD_BYTES,
        shutdown_timeout=SHUTDOWN_S,
    )
    await runner.setup()
    if runner.server:
        runner.server.request_factory = below(base, runner.server.request_factory)
    try:
        yield runner.server
    finally:
        await runner.cleanup()


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """Raises SetupError, which names the `option`, where that can't be had."""
    try:
        return listening_socket(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            words = f"port {port} is in use: choose another with {option}, or stop the other program"
            raise SetupError(words) from None
        if error.errno == errno.EACCES:
            words = (
                f"this user may not use port {port}: choose one above {LOW_PORTS - 1} with {option}, or let "
                "systemd "
                "give the right, as docs/operations.md shows under Ports 80 and 443"
            )
            raise SetupError(words) from None
        raise SetupError(f"can't listen on {host} port {port}: {error.strerror or error}") from None
