"""A relay on its port, from the first connection to the last."""

import errno
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from streamer.errors import SetupError
from streamer.relay.access.limits import RelayLimits
from streamer.relay.http.app import SHUTDOWN_S, Relay
from streamer.relay.network.listener import Listener, listening_socket
from streamer.relay.network.visitor import MAX_FIELD_BYTES


@asynccontextmanager
async def listening(
    relay: Relay, host: str, port: int, tls: ssl.SSLContext | None, plain: web.Application | None = None
) -> AsyncIterator[int]:
    """Serve `relay` until the block ends, and `plain` to visitors without TLS; gives the port.

    Raises SetupError if host or port can't be used.
    """
    limits = relay.limits
    async with _running(relay.application(), limits) as server, _running(plain, limits) as plain_server:
        listener = _listen(host, port)
        assert server is not None
        relay.door = Listener(
            server,
            listener,
            tls,
            plain_server,
            waiting=relay.waiting,
            handshake_s=limits.handshake_s,
            requests_per_s=limits.requests_per_s,
        )
        port = listener.getsockname()[1]
        relay.origins.own("https" if tls else "http", [host], port)
        try:
            yield port
        finally:
            await relay.door.close()


@asynccontextmanager
async def _running(application: web.Application | None, limits: RelayLimits) -> AsyncIterator[web.Server | None]:
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
    try:
        yield runner.server
    finally:
        await runner.cleanup()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listening_socket(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SetupError(f"port {port} is in use: choose another with --port, or stop the other program") from None
        if error.errno == errno.EACCES:
            raise SetupError(f"port {port} needs root: choose one above 1023 with --port") from None
        raise SetupError(f"can't listen on {host} port {port}: {error.strerror or error}") from None
