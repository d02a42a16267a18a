"""Recordings of a relay with workers: the parent has them, so that each outlasts the worker that has its
room.

A host's wish goes from its worker to the parent, whose recorder is a member like any other: when its worker
dies, it comes back by another one, as the same member, and goes on in the same files. Any host ends it, at
any worker.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streamer.errors import ControlError
from streamer.relay.access.tokens import TokenStore
from streamer.relay.options import ServeOptions
from streamer.relay.recorder import LinkTo, Recorders, hint_of
from streamer.relay.rooms.lobby import Lobby
from streamer.relay.workers.channel import WorkerEnd
from streamer.relay.workers.crew import Crew


def have_recorded(lobby: Lobby, parent: WorkerEnd) -> None:
    """In a worker: by the parent, when a host here wants it."""

    def tell_hosts(room: str, words: str) -> None:
        used = lobby.used.find(room)
        if used:
            used.tell_hosts(hint_of(words))

    lobby.record = parent.tell_record
    parent.on_recording_stopped = tell_hosts


@asynccontextmanager
async def recordings(
    options: ServeOptions, crew: Crew, tokens: TokenStore, link_to: LinkTo
) -> AsyncIterator[None]:
    """In the parent, while it lasts; nobody may record where the operator did not ask for it."""
    if options.record is None:
        yield
        return
    kept = Recorders(options.record, options.directory, crew.tell_recording_stopped, tokens, link_to)

    def record(room: str, on: bool) -> None:
        try:
            kept.record(room, on)
        except ControlError as error:
            crew.tell_recording_stopped(room, str(error))

    crew.on_record = record
    try:
        yield
    finally:
        await kept.close()
