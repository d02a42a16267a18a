"""`/rooms/{room}/members/{id}/commands`: ask a member, or a device behind it, and wait for what comes of
it."""

import asyncio
from typing import Final

from aiohttp import web

from streamer.errors import ControlError
from streamer.relay.access.programs import clean_command
from streamer.relay.api.bodies import answer, check_lengths, id_of, read_object, refusal_of, room_of
from streamer.relay.api.callers import Callers
from streamer.relay.api.rooms import find_member
from streamer.relay.network.visitor import visitor_of
from streamer.relay.rooms.commands import CommandRequest
from streamer.relay.rooms.lobby import Lobby
from streamer.wire.control import MAX_COMMAND_CHARACTERS, MAX_DEADLINE_MS, MAX_DEVICE_CHARACTERS
from streamer.wire.programs import FinalOutcome

_WANTED: Final = {"name": str}
_OPTIONAL: Final = {"device": str, "arguments": dict, "deadline_ms": int}
DEADLINE_MS: Final = 10_000
"""Where the caller names none."""

_AFTERWARDS_S: Final = 10.0
"""For the answer to be read."""


class CommandsApi:
    def __init__(self, callers: Callers, lobby: Lobby) -> None:
        self._callers = callers
        self._lobby = lobby

    def add_to(self, router: web.UrlDispatcher, prefix: str) -> None:
        router.add_post(f"{prefix}/rooms/{{room}}/members/{{id}}/commands", self._ask)

    async def _ask(self, request: web.Request) -> web.StreamResponse:
        """Answers when the member has, at the deadline at the latest."""
        room_name = room_of(request)
        caller = self._callers.caller(request)
        caller.check("command", room_name)
        fields = await read_object(request, _WANTED, _OPTIONAL)
        check_lengths(fields, {"name": MAX_COMMAND_CHARACTERS, "device": MAX_DEVICE_CHARACTERS})
        room = self._lobby.room_as_it_is(room_name)
        target = find_member(room, id_of(request))
        deadline_ms, arguments = fields.get("deadline_ms", DEADLINE_MS), fields.get("arguments", {})
        done: asyncio.Future[tuple[FinalOutcome, str]] = asyncio.get_running_loop().create_future()

        def end(outcome: FinalOutcome, words: str) -> None:
            if not done.done():  # the caller may be gone
                done.set_result((outcome, words))

        try:
            name, device = clean_command(fields["name"], fields.get("device", ""), arguments, deadline_ms)
            asked = CommandRequest(0, caller.name, device, name, arguments, deadline_ms)
            visitor = visitor_of(request)
            if visitor:
                visitor.take_long(0, MAX_DEADLINE_MS / 1_000 + _AFTERWARDS_S)
            room.commands.ask(asked, target, ("api", caller.id), end)
        except ControlError as error:
            raise refusal_of(error) from None
        outcome, words = await done
        return answer({"outcome": outcome, "message": words})
