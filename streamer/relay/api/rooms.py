"""`/rooms`: which rooms there are, what holds in them, who is there, and removing people."""

from time import monotonic
from typing import Any, Final

from aiohttp import web

from streamer.errors import ControlError, RefusedError
from streamer.relay.api.bodies import answer, id_of, read_object, room_of
from streamer.relay.api.callers import Callers
from streamer.relay.rooms.hosting import Hosting
from streamer.relay.rooms.lobby import Lobby
from streamer.relay.rooms.member import Member, describe
from streamer.relay.rooms.room import Room
from streamer.wire.close_codes import REMOVED

_NOBODY: Final = 0
"""The talker_id of who decides here: no member has it."""

_DECIDED: Final = {"locked": bool, "one_at_a_time": bool, "only_hosts": bool, "keep_captions": bool}


class RoomsApi:
    def __init__(self, callers: Callers, lobby: Lobby) -> None:
        self._callers = callers
        self._lobby = lobby

    def add_to(self, router: web.UrlDispatcher, prefix: str) -> None:
        router.add_get(f"{prefix}/rooms", self._list)
        router.add_get(f"{prefix}/rooms/{{room}}", self._show)
        router.add_patch(f"{prefix}/rooms/{{room}}", self._decide)
        router.add_get(f"{prefix}/rooms/{{room}}/members", self._members)
        router.add_delete(f"{prefix}/rooms/{{room}}/members/{{id}}", self._remove)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        caller = self._callers.caller(request)
        caller.check("read", caller.room)
        rooms = [room for room in self._lobby.rooms if caller.room in ("", room.name)]
        return answer({"rooms": [_described(room) for room in rooms]})

    async def _show(self, request: web.Request) -> web.StreamResponse:
        name = room_of(request)
        self._callers.caller(request).check("read", name)
        return answer(_described(self._lobby.room_as_it_is(name)))

    async def _decide(self, request: web.Request) -> web.StreamResponse:
        """As a host does; members are told of what changes."""
        name = room_of(request)
        self._callers.caller(request).check("moderate", name)
        room = self._lobby.room(name)
        wanted = await read_object(request, {}, _DECIDED)
        hosting, now = Hosting(_NOBODY, room, self._lobby.desk(room)), _described(room)
        if wanted.get("locked", now["locked"]) != now["locked"]:
            hosting.lock(locked=wanted["locked"])
        switches = {
            "one_at_a_time": hosting.one_at_a_time,
            "only_hosts": hosting.only_hosts,
            "keep_captions": hosting.keep_captions,
        }
        for field, switch in switches.items():
            if wanted.get(field, now[field]) != now[field]:
                switch(on=wanted[field])
        return answer(_described(room))

    async def _members(self, request: web.Request) -> web.StreamResponse:
        name = room_of(request)
        self._callers.caller(request).check("read", name)
        room = self._lobby.room_as_it_is(name)
        return answer({"members": [_member(room, member) for member in room.members]})

    async def _remove(self, request: web.Request) -> web.StreamResponse:
        """As a host does: it does not come back by itself."""
        name = room_of(request)
        self._callers.caller(request).check("moderate", name)
        room = self._lobby.room_as_it_is(name)
        member = find_member(room, id_of(request))
        room.bar(member)
        member.send_away(REMOVED, "removed")
        return web.Response(status=204)


def find_member(room: Room, talker_id: int) -> Member:
    """Raises RefusedError `no-member`."""
    try:
        return room.member(talker_id)
    except ControlError as error:
        raise RefusedError(str(error), status=404, code="no-member") from None


def _described(room: Room) -> dict[str, Any]:
    return {
        "name": room.name,
        "members": room.size,
        "locked": room.locked,
        "one_at_a_time": room.floor.is_on,
        "only_hosts": room.rights.only_hosts,
        "keep_captions": room.keeps_captions,
        "captions": room.captions.is_on,
        "recording": room.recording.is_on,
    }


def _member(room: Room, member: Member) -> dict[str, Any]:
    reports = [
        {"device": each["device"], "values": each["values"], "age_ms": each["age_ms"]}
        for each in room.telemetry.all(monotonic())
        if each["talker_id"] == member.talker_id
    ]
    return {**describe(member), "telemetry": reports}
