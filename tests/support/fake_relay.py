"""Relays that stand in for a real one, and do what no real one would."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

from aiohttp import web

from streamer.wire.room_link import Address

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Talk = Callable[[web.WebSocketResponse], Awaitable[object]]


@asynccontextmanager
async def answering(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Address]:
    application = web.Application()
    application.router.add_get("/ws", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield Address(tls is not None, "127.0.0.1", runner.addresses[0][1], "kitchen", "abc")
    finally:
        await runner.cleanup()


@asynccontextmanager
async def relay(talk: Talk, protocols: Iterable[str] = ("streamer.v1",)) -> AsyncIterator[Address]:
    """A relay that runs `talk` for every client."""

    async def handle(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=protocols, autoclose=False)
        await socket.prepare(request)
        await talk(socket)
        return socket

    async with answering(handle) as address:
        yield address
