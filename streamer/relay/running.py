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
) -> AsyncIterator[int]:
    """Serve `relay` until the block ends, and `plain` to visitors without TLS; gives the port.

    `plain` is also at `http_port`. Sockets that were `inherited` are used in place of those that would be opened.
    Raises SetupError if host or port can't be used.
    """
    limits = relay.limits
    inherited = inherited or Inherited()
    base = relay.origins.path
    async with _running(relay.application(), limits, base) as server, _running(plain, limits) as plain_server:
        assert server is not None
        async with AsyncExitStack() as doors:
            listener = inherited.relay or _listen(host, port)
            relay.door = _door(relay, relay.answering(server), listener, tls, plain_server)
            doors.push_async_callback(relay.door.close)
            port = listener.getsockname()[1]
            if plain_server and (inherited.join_page or http_port is not None):
                page_listener = inherited.join_page or _listen(host, http_port or 0, "--http-port")
                page_door = _door(relay, plain_server, page_listener, None, None)
                doors.push_async_callback(page_door.close)
            relay.origins.own("https" if tls else "http", [host], port)
            yield port


def _door(
    relay: Relay,
    server: Callable[[], asyncio.Protocol],
    listener: socket.socket,
    tls: ssl.SSLContext | None,
    plain: web.Server | None,
) -> Listener:
    return Listener(
        server,
        listener,
        tls,
        plain,
        waiting=relay.waiting,
        handshake_s=relay.limits.handshake_s,
        requests_per_s=relay.limits.requests_per_s,
        proxies=relay.proxies,
        on_refused=relay.count_refusal,
    )


@asynccontextmanager
async def _running(
    application: web.Application | None, limits: RelayLimits, base: str = ""
) -> AsyncIterator[web.Server | None]:
    if application is None:
        yield None
        return
    # No access log: the invite key is in the socket's URL. No decompression: a small body could become a large one.
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


def _listen(host: str, port: int, option: str = "--port") -> socket.socket:
    try:
        return listening_socket(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            words = f"port {port} is in use: choose another with {option}, or stop the other program"
            raise SetupError(words) from None
        if error.errno == errno.EACCES:
            words = (
                f"this user may not use port {port}: choose one above {LOW_PORTS - 1} with {option}, or let systemd "
                "give the right, as docs/operations.md shows under Ports 80 and 443"
            )
            raise SetupError(words) from None
        raise SetupError(f"can't listen on {host} port {port}: {error.strerror or error}") from None
