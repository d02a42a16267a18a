"""A WebSocket echo server of the production connection code, for outside suites: any path, no subprotocol
needed.

python tests/support/echo_server.py --port 9001
"""

import argparse
import asyncio
import signal
from collections.abc import Callable

import uvloop
from aiohttp import web

from streamer.errors import RefusedError
from streamer.relay.http.upgrade import upgrade
from streamer.websocket.budget import Limits
from streamer.websocket.connection import Connection
from streamer.websocket.sink import Flusher

LONGEST_MESSAGE = 32 << 20
LIMITS = Limits(
    max_message_bytes=LONGEST_MESSAGE,
    messages_per_s=1_000_000,
    ping_s=20,
    idle_s=60,
    backlog_bytes=4 * LONGEST_MESSAGE,
)


class Echo(Connection, asyncio.Protocol):
    __slots__ = ()

    def on_text(self, text: str) -> None:
        self.send_text(text)

    def on_binary(self, data: bytes) -> None:
        self.send_binary(data)


async def start(port: int, make_connection: Callable[[], Connection]) -> tuple[web.AppRunner, int]:
    """Serve what `make_connection` makes on 127.0.0.1; returns what to clean up, and the port."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return upgrade(request, make_connection())
        except RefusedError as error:
            return web.Response(status=error.status, text=str(error), headers={"Sec-WebSocket-Version": "13"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    return runner, runner.addresses[0][1]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9001)
    flusher = Flusher(asyncio.get_running_loop())
    runner, port = await start(parser.parse_args().port, lambda: Echo(flusher, LIMITS))
    print(f"echo server at ws://127.0.0.1:{port}/", flush=True)
    stopped = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopped.set)
    await stopped.wait()
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(main())
