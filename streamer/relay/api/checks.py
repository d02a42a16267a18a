"""`/checks`: what devices found out about themselves."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from streamer.relay.api.bodies import answer
from streamer.relay.api.callers import Callers


class ChecksApi:
    """`newest` gives the results, oldest first."""

    def __init__(self, callers: Callers, newest: Callable[[], list[dict[str, Any]]]) -> None:
        self._callers = callers
        self._newest = newest

    def add_to(self, router: web.UrlDispatcher, prefix: str) -> None:
        router.add_get(f"{prefix}/checks", self._list)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self._callers.caller(request).check("read")
        return answer({"checks": self._newest()})
