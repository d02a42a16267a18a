"""What a page asks about a room before it joins: who is there, and to be let in."""

from typing import Any, Final

from aiohttp import web

from streamer.relay.http.host import host_of
from streamer.relay.http.origins import Origins
from streamer.relay.rooms.knocks import Knock
from streamer.relay.rooms.lobby import Lobby

_FRESH: Final = {"Cache-Control": "no-store"}


class RoomRequests:
    """`GET /room`, `POST /knock` and `GET /knock` (PROTOCOL.md, At the door)."""

    def __init__(self, lobby: Lobby, origins: Origins) -> None:
        self._lobby = lobby
        self._origins = origins

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_get("/room", self._preview)
        router.add_post("/knock", self._knock)
        router.add_get("/knock", self._ask_again)

    async def _preview(self, request: web.Request) -> web.StreamResponse:
        self._check_origin(request)
        return _answer(self._lobby.preview(request.query, request.remote or ""))

    async def _knock(self, request: web.Request) -> web.StreamResponse:
        return _answer(_state_of(self._lobby.knock(request.query, request.remote or "")))

    async def _ask_again(self, request: web.Request) -> web.StreamResponse:
        self._check_origin(request)
        return _answer(_state_of(self._lobby.ask_again(request.query)))

    def _check_origin(self, request: web.Request) -> None:
        """A foreign page learns nothing, not even by how long it takes."""
        self._origins.check(request.headers.get("Origin"), host_of(request))


def _state_of(knock: Knock) -> dict[str, Any]:
    if knock.is_waiting:
        return {"state": "waiting", "id": knock.secret}
    return {"state": "admitted", "resume": knock.session.token} if knock.session else {"state": "declined"}


def _answer(body: dict[str, Any]) -> web.Response:
    return web.json_response(body, headers=_FRESH)
