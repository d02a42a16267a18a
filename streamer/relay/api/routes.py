"""The HTTP interface as a whole."""

from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from streamer.relay.access.invites import InviteStore
from streamer.relay.access.tokens import TokenStore
from streamer.relay.api.announcements import AnnouncementsApi
from streamer.relay.api.callers import Callers
from streamer.relay.api.checks import ChecksApi
from streamer.relay.api.commands import CommandsApi
from streamer.relay.api.description import Description
from streamer.relay.api.events import EventsApi
from streamer.relay.api.invites import InvitesApi
from streamer.relay.api.notices import NoticesApi
from streamer.relay.api.rooms import RoomsApi
from streamer.relay.rooms.lobby import Lobby
from streamer.sounds import Studio
from streamer.websocket.sink import Flusher

PREFIX: Final = "/api/v1"


class Api:
    """All of /api/v1. `checks` gives what devices found out; `studio` reads sounds, None where there is no
    codec.

    `base` is the path that the relay is below, behind a proxy; empty where it has its site for itself.
    """

    def __init__(
        self,
        lobby: Lobby,
        tokens: TokenStore,
        admission: InviteStore,
        flusher: Flusher,
        checks: Callable[[], list[dict[str, Any]]],
        studio: Studio | None,
        base: str = "",
    ) -> None:
        callers = Callers(tokens, admission, lobby.guesses)
        self._announcements = AnnouncementsApi(callers, lobby, flusher, studio)
        self._parts = (
            Description(base),
            RoomsApi(callers, lobby),
            NoticesApi(callers, lobby),
            self._announcements,
            InvitesApi(callers, lobby),
            CommandsApi(callers, lobby),
            EventsApi(callers, lobby.events),
            ChecksApi(callers, checks),
        )

    def add_to(self, router: web.UrlDispatcher) -> None:
        for part in self._parts:
            part.add_to(router, PREFIX)

    def end(self) -> None:
        """The relay goes: nobody is spoken to any more."""
        self._announcements.end()
