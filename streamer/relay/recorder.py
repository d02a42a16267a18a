"""The relay's own recorder, where its operator allows one: a `streamer record` in a process of its own for
each room.

The process comes in like any other member, by a token that is made for it and that no file keeps. It is
started when a host asks for it, started again when it fails, and told to end (SIGTERM) when the host or the
relay is done.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from time import time
from typing import Final

from streamer.errors import ControlError
from streamer.relay.access.tokens import TokenStore
from streamer.relay.background import report_failure
from streamer.relay.companion import Companion, command_of
from streamer.relay.rooms.lobby import Lobby
from streamer.wire.messages import Hint

MAX_RECORDINGS: Final = 16
"""At once; each is a process of some 60 MiB."""

MAX_FAILURES: Final = 5
"""In a row: a disk that is full does not get empty by trying."""

_MAX_NAME_BYTES: Final = 200
"""Of the part of a folder's name that is the room's: names of files have 255, and a letter up to four of
them."""

LinkTo = Callable[[str, str], str]
"""The link by which this computer reaches a room, with a token."""

TellHosts = Callable[[str, str], None]
"""Those of a room, in words."""

logger = logging.getLogger(__name__)


class Recorders:
    """One for a relay. `record` is called by the host's wish; `close` ends all."""

    def __init__(
        self, directory: Path, data_dir: Path, tell_hosts: TellHosts, tokens: TokenStore, link_to: LinkTo
    ) -> None:
        self._directory = directory
        self._data_dir = data_dir
        self._tell = tell_hosts
        self._tokens = tokens
        self._link_to = link_to
        self._running: dict[str, asyncio.Task[None]] = {}

    def record(self, room: str, on: bool) -> None:
        """Raises ControlError `no-recorder` where too many rooms are recorded already."""
        running = self._running.get(room)
        if on and running is None:
            if len(self._running) >= MAX_RECORDINGS:
                message = f"this relay records {MAX_RECORDINGS} rooms already: end one of them first"
                raise ControlError(message, code="no-recorder", close_code=None)
            self._running[room] = task = asyncio.create_task(self._keep(room))
            task.add_done_callback(lambda done: self._on_done(room, done))
        elif running and not on:
            running.cancel()

    async def close(self) -> None:
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _on_done(self, room: str, task: asyncio.Task[None]) -> None:
        self._running.pop(room, None)
        if not task.cancelled() and (error := task.exception()):
            report_failure(
                "recording a room", error if isinstance(error, Exception) else RuntimeError(str(error))
            )

    async def _keep(self, room: str) -> None:
        """Again after each failure, until there are too many of them in a row."""
        began = datetime.now().strftime("%Y-%m-%d-%H%M%S")
        folder = self._directory / f"{began}-{_as_file_name(room)}"
        token_id, secret = self._tokens.lend("Recorder", frozenset({"record"}), room, time())
        companion = Companion(
            command_of("record", "--output", str(folder), "--data-dir", str(self._data_dir), "-"),
            f"{self._link_to(room, secret)}\n",
            lambda line: logger.info("recorder: %s", line),
            most_failures=MAX_FAILURES,
            on_failure=lambda words: self._tell_hosts(
                room, f"The recording stopped: {words.removeprefix('Error: ')}"
            ),
        )
        try:
            if not await companion.run():
                self._tell_hosts(room, "The recording is given up: start it again when it can go on")
        finally:
            self._tokens.take_back(token_id)

    def _tell_hosts(self, room: str, text: str) -> None:
        with suppress(Exception):
            self._tell(room, text)


def hint_of(text: str) -> Hint:
    """To the hosts of a room whose recording stopped."""
    return {"type": "hint", "code": "recording-stopped", "message": text}


def _as_file_name(room: str) -> str:
    plain = "".join(each if each.isalnum() else "-" for each in room)
    return plain.encode()[:_MAX_NAME_BYTES].decode(errors="ignore")


@asynccontextmanager
async def recorders(
    directory: Path | None, data_dir: Path, lobby: Lobby, tokens: TokenStore, link_to: LinkTo
) -> AsyncIterator[None]:
    """While it lasts, hosts may have rooms recorded into `directory`; nobody may if that is None."""
    if directory is None:
        yield
        return

    def tell_hosts(room: str, text: str) -> None:
        lobby.room(room).tell_hosts(hint_of(text))

    kept = Recorders(directory, data_dir, tell_hosts, tokens, link_to)
    lobby.record = kept.record
    try:
        yield
    finally:
        await kept.close()
