"""A proxy in front of a relay that does what proxies do to voice: blocks, buffers, cuts, repeats, forgets to
answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Proxy:
    """Its behaviour may change while it runs."""

    relay_port: int
    strips_upgrade: bool = True
    swallows_upgrade: bool = False
    """Whoever asks for a WebSocket never hears of it."""
    delays_s: float = 0.0
    """Before anything is passed on."""
    buffers: bool = False
    """Nothing of an answer goes on before all of it is there."""
    passes_events: bool = False
    """Although it buffers, a stream of server-sent events goes on as it comes, and only text."""
    cut_after_s: float | None = None
    cut_after_bytes: int | None = None
    repeats_posts: bool = False
    """Each comes twice, at once."""
    repeats_late: bool = False
    """Each comes again behind the one after it."""
    loses_answers: int = 0
    """To each so-many-th POST the client gets none, although the relay got the request."""
    cuts_websockets_after_s: float | None = None
    port: int = 0
    websockets: int = 0
    """How many it let through."""
    swallowed: int = 0
    cuts: int = 0
    streamed_bytes: int = 0
    """Of answers that went on as they came."""
    posts: int = 0
    _late: list[bytes] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
                await self._pass_on(reader, writer)
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        fields = {line.split(b":")[0].strip().lower(): line for line in head.split(b"\r\n")[1:] if line}
        wants_websocket = b"upgrade" in fields
        await asyncio.sleep(self.delays_s)
        if wants_websocket and self.swallows_upgrade:
            self.swallowed += 1
            await reader.read()
            return
        if wants_websocket and not self.strips_upgrade:
            await self._tunnel(head, reader, writer)
            return
        body = b""
        if b"content-length" in fields:
            body = await reader.readexactly(int(fields[b"content-length"].split(b":")[1]))
        kept = [line for name, line in fields.items() if name not in (b"upgrade", b"connection")]
        request = b"\r\n".join([head.split(b"\r\n")[0], *kept, b"Connection: close", b"", b""]) + body
        is_batch = head.startswith(b"POST") and b"leg=" in head.split(b"\r\n")[0]
        if is_batch:
            self.posts += 1
            if self.repeats_posts:
                await self._ask(request)
            if self.loses_answers and self.posts % self.loses_answers == 0:
                await self._ask(request)
                return
        await self._answer(request, writer)
        if is_batch and self.repeats_late:
            late, self._late = self._late, [request]
            for old in late:
                await self._ask(old)

    async def _ask(self, request: bytes) -> None:
        """As a client that does not care for the answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.relay_port)
        writer.write(request)
        await reader.read()
        writer.close()

    async def _answer(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        there, to_relay = await asyncio.open_connection("127.0.0.1", self.relay_port)
        try:
            to_relay.write(request)
            head = await there.readuntil(b"\r\n\r\n")
            if self.buffers and not (self.passes_events and b"text/event-stream" in head):
                rest = await there.read()
                writer.write(head + rest)
                await writer.drain()
                return
            lines = [
                line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"connection:")
            ]
            writer.write(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
            try:
                async with asyncio.timeout(self.cut_after_s):
                    await self._pump(there, writer, self.cut_after_bytes)
            except TimeoutError:
                self.cuts += 1
        finally:
            to_relay.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int | None = None
    ) -> None:
        passed = 0
        while data := await reader.read(4_096):
            if most is not None and passed + len(data) > most:
                writer.write(data[: most - passed])
                self.streamed_bytes += most - passed
                self.cuts += 1
                return
            passed += len(data)
            self.streamed_bytes += len(data)
            writer.write(data)
            await writer.drain()

    async def _tunnel(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.websockets += 1
        there, to_relay = await asyncio.open_connection("127.0.0.1", self.relay_port)
        to_relay.write(head)
        up = asyncio.create_task(self._pump(reader, to_relay))
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.cuts_websockets_after_s):
                    await self._pump(there, writer)
        finally:
            up.cancel()
            to_relay.close()

    def end(self) -> None:
        for task in list(self._tasks):
            task.cancel()


@asynccontextmanager
async def misbehaving(relay_port: int, **behaviour: Any) -> AsyncIterator[Proxy]:
    proxy = Proxy(relay_port, **behaviour)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=1 << 20)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.end()
