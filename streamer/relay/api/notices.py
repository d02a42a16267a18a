"""`/rooms/{room}/notices`: tell a room something, and see who answered what."""

from time import monotonic
from typing import Any, Final

from aiohttp import web

from streamer.errors import ControlError, RefusedError
from streamer.relay.access.allowance import Allowance, Writing
from streamer.relay.access.programs import CleanNotice, clean_notice
from streamer.relay.access.tokens import MAX_TOKENS
from streamer.relay.api.bodies import answer, check_lengths, id_of, read_object, refusal_of, room_of
from streamer.relay.api.callers import Caller, Callers
from streamer.relay.rooms.events import without_type
from streamer.relay.rooms.lobby import Lobby
from streamer.relay.rooms.programs import add_notice
from streamer.relay.rooms.room import Room
from streamer.wire.control import (
    MAX_ACTION_CHARACTERS,
    MAX_ACTIONS,
    MAX_CHAT_CHARACTERS,
    MAX_TITLE_CHARACTERS,
)
from streamer.wire.json_size import json_size

_WANTED: Final = {"text": str, "level": str}
_OPTIONAL: Final = {"title": str, "sound": bool, "actions": list}
_LENGTHS: Final = {"text": MAX_CHAT_CHARACTERS, "title": MAX_TITLE_CHARACTERS}


class NoticesApi:
    def __init__(self, callers: Callers, lobby: Lobby) -> None:
        self._callers = callers
        self._lobby = lobby
        self._writing: dict[str, Writing] = {}

    def add_to(self, router: web.UrlDispatcher, prefix: str) -> None:
        router.add_post(f"{prefix}/rooms/{{room}}/notices", self._send)
        router.add_get(f"{prefix}/rooms/{{room}}/notices/{{id}}", self._show)

    async def _send(self, request: web.Request) -> web.StreamResponse:
        name = room_of(request)
        caller = self._callers.caller(request)
        caller.check("notify", name)
        room = self._lobby.room(name)
        fields = await read_object(request, _WANTED, _OPTIONAL)
        now = monotonic()
        try:
            clean = self._counted(caller, room, fields, now)
        except ControlError as error:
            raise refusal_of(error) from None
        notice = add_notice(room, clean, 0, caller.name, lambda reply: None, now)
        room.tell(room.members, notice)
        path = f"notices/{notice['id']}"  # beside this one, wherever a proxy shows it
        return answer({**without_type(notice), "members": room.size}, status=201, Location=path)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        name = room_of(request)
        self._callers.caller(request).check("read", name)
        sent = self._lobby.room_as_it_is(name).notices.find(id_of(request))
        if sent is None:
            raise RefusedError("this notice is no longer known", status=404, code="no-notice")
        replies = [without_type(reply) for reply in sent.replies.values()]
        return answer({**without_type(sent.notice), "replies": replies})

    def _counted(self, caller: Caller, room: Room, fields: dict[str, Any], now: float) -> CleanNotice:
        """As for a member: a token may say as much as a person, and all tokens of a room as much as people
        can read."""
        if len(self._writing) > MAX_TOKENS:
            self._writing = {
                token: writing for token, writing in self._writing.items() if not writing.is_unused(now)
            }
        own = self._writing.setdefault(caller.id, Writing())
        check_lengths(fields, _LENGTHS)
        actions = dict(enumerate(fields.get("actions", [])))
        check_lengths(actions, dict.fromkeys(range(MAX_ACTIONS), MAX_ACTION_CHARACTERS))
        allowance = Allowance(own, Writing(), room.writing)
        allowance.check(json_size(fields), now)
        title, sound = fields.get("title", ""), fields.get("sound", False)
        return clean_notice(fields["text"], title, fields["level"], list(actions.values()), sound=sound)
