"""All hooks of a relay: takes each event to those that want it, and follows the file while the relay runs."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Final

from streamer.errors import SetupError
from streamer.relay.background import keep_running, report_failure
from streamer.relay.hooks.delivery import Delivery
from streamer.relay.hooks.events import MAX_EVENT_BYTES, Event, Kind
from streamer.relay.hooks.hooks_file import KINDS, Hook, HooksFile
from streamer.relay.rooms.events import Events, Watcher

FILE_NAME: Final = "hooks.json"
FOLLOW_S: Final = 1.0
"""How soon a hook that was added or removed takes effect."""


class Hooks:
    """`run` until cancelled. Raises SetupError if the file can't be used at the start."""

    def __init__(self, directory: Path, wall_clock: Callable[[], float] = time) -> None:
        self._file = HooksFile(directory / FILE_NAME)
        self._version = self._file.version()
        self._wanted = self._file.read()
        self._wall_clock = wall_clock
        self._running: dict[Hook, tuple[Delivery, asyncio.Task[None]]] = {}

    @property
    def deliveries(self) -> list[Delivery]:
        return [delivery for delivery, _ in self._running.values()]

    def tell(self, kind: Kind, room: str, fields: Mapping[str, object]) -> None:
        """Never waits. `fields` are what the event holds beside its type, room and time; they must fit
        JSON."""
        if not self._running:
            return
        event = Event.of(kind, room, self._wall_clock(), fields)
        if len(event.body(0)) > MAX_EVENT_BYTES:
            report_failure(
                "telling hooks", ValueError(f"an event {kind} is longer than {MAX_EVENT_BYTES:,} bytes")
            )
            return
        for delivery, _ in self._running.values():
            delivery.put(event)

    async def run(self, events: Events) -> None:
        """Tell the hooks what happens; while there are none, nothing is watched."""
        watcher: Watcher | None = None
        try:
            while True:
                self._start_and_stop()
                if self._running and watcher is None:
                    watcher = events.watch("")
                await self._pass_on(watcher)
                if watcher and (watcher.is_cut_off or not self._running):
                    events.leave(watcher)
                    watcher = None
                self._follow()
        finally:
            if watcher:
                events.leave(watcher)
            self._wanted = ()
            self._start_and_stop()

    async def _pass_on(self, watcher: Watcher | None) -> None:
        """What happens within FOLLOW_S, or before."""
        if watcher is None:
            await asyncio.sleep(FOLLOW_S)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(FOLLOW_S):
                await watcher.wait()
        for event in watcher.take():
            kind = next((kind for kind in KINDS if kind == event.kind), None)
            if kind:
                self.tell(kind, event.room, json.loads(event.data))

    def _follow(self) -> None:
        version = self._file.version()
        if version == self._version:
            return
        self._version = version
        try:
            self._wanted = self._file.read()
        except SetupError as error:
            report_failure("reading the hooks", error)

    def _start_and_stop(self) -> None:
        for hook in [hook for hook in self._running if hook not in self._wanted]:
            _, task = self._running.pop(hook)
            task.cancel()
        for hook in self._wanted:
            if hook not in self._running:
                delivery = Delivery(hook, self._wall_clock)
                task = asyncio.create_task(keep_running(f"the hook {hook.id}", delivery.run))
                self._running[hook] = delivery, task
