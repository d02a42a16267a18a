"""Whether this relay is alive, and whether it accepts members: for load balancers and other watchers."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from streamer import __version__
from streamer.relay.rooms.lobby import Lobby

_ALIVE: Final = "/healthz"
_READY: Final = "/readyz"
_NO_STORE: Final = {"Cache-Control": "no-store"}


class Health:
    """`count_members` returns how many connections of members there are now."""

    def __init__(self, lobby: Lobby, count_members: Callable[[], int]) -> None:
        self._lobby = lobby
        self._count_members = count_members

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_get(_ALIVE, self._alive)
        router.add_get(_READY, self._ready)

    async def _alive(self, request: web.Request) -> web.StreamResponse:
        members = self._count_members()
        health = {"status": "ok", "version": __version__, "rooms": self._lobby.room_count, "members": members}
        return web.json_response(health, headers=_NO_STORE)

    async def _ready(self, request: web.Request) -> web.StreamResponse:
        """503 while it starts or drains. That is an answer and no refusal: a watcher asks each second."""
        lobby = self._lobby
        status = "draining" if lobby.is_draining else "starting" if lobby.is_starting else "ready"
        return web.json_response(
            {"status": status}, status=200 if status == "ready" else 503, headers=_NO_STORE
        )


def is_health(path: str) -> bool:
    """Load balancers ask by HTTP/1.0 and without a Host, too."""
    return path in (_ALIVE, _READY)
