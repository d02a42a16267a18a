"""A program that hooks are sent to: a real HTTP server, which notes each request and answers as it is
told."""

import asyncio
import base64
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

PATIENCE_S = 30


@dataclass(frozen=True)
class Request:
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    def is_signed_with(self, secret: str) -> bool:
        """As a receiver checks it, by the text of the standard and not by the relay's own code."""
        key = base64.b64decode(secret.split("_", 1)[1])
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = "v1," + base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
        return hmac.compare_digest(expected, self.headers["webhook-signature"])


class Receiver:
    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.statuses: deque[int] = deque()
        """What to answer next; when it is empty, 204."""
        self.hangs = False
        self.url = ""
        self._came = asyncio.Condition()

    async def request(self, number: int) -> Request:
        """The request of this number, from 0, once it is there."""
        async with asyncio.timeout(PATIENCE_S), self._came:
            await self._came.wait_for(lambda: len(self.requests) > number)
        return self.requests[number]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        async with self._came:
            self.requests.append(Request({k.lower(): v for k, v in request.headers.items()}, body))
            self._came.notify_all()
        if self.hangs:
            await asyncio.Event().wait()
        status = self.statuses.popleft() if self.statuses else 204
        return web.Response(status=status, headers={"Location": "/elsewhere"} if 300 <= status < 400 else {})


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/{path:.*}", receiver._answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        yield receiver
    finally:
        await runner.cleanup()
