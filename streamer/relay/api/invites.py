"""`/rooms/{room}/invites`: new invitations, for people."""

from typing import Any, Final

from aiohttp import web

from streamer.errors import ControlError, RefusedError
from streamer.relay.access.invites import Right
from streamer.relay.api.bodies import answer, read_object, refusal_of, room_of
from streamer.relay.api.callers import Callers
from streamer.relay.rooms.hosting import Hosting
from streamer.relay.rooms.lobby import Lobby

_OPTIONAL: Final = {"hours": int, "uses": int}
_MOST: Final = 1_000_000
"""Hours, or people: more than a century, and than a hall."""


class InvitesApi:
    def __init__(self, callers: Callers, lobby: Lobby) -> None:
        self._callers = callers
        self._lobby = lobby

    def add_to(self, router: web.UrlDispatcher, prefix: str) -> None:
        router.add_post(f"{prefix}/rooms/{{room}}/invites", self._renew)

    async def _renew(self, request: web.Request) -> web.StreamResponse:
        """The previous ones open nothing any more; members are told of the new ones."""
        name = room_of(request)
        self._callers.caller(request).check("moderate", name)
        room = self._lobby.room(name)
        fields = await read_object(request, {}, _OPTIONAL)
        hours, uses = fields.get("hours", 0), fields.get("uses", 0)
        if not (0 <= hours <= _MOST and 0 <= uses <= _MOST):
            raise RefusedError(f"hours and uses are 0 to {_MOST}", status=400, code="bad-body")
        desk = self._lobby.desk(room)
        try:
            Hosting(0, room, desk).invite(hours, uses)
        except ControlError as error:
            if error.code == "not-stored":
                raise RefusedError(str(error), status=503, code="not-stored") from None
            raise refusal_of(error) from None
        invites: list[dict[str, Any]] = [dict(invite) for invite in desk.invites(Right.HOST)]
        return answer({"invites": invites}, status=201)
