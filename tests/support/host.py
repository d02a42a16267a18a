"""A relay as `streamer serve` makes it, in this process, and what its host is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from printed_links import PrintedLinks

from streamer.relay.access.limits import RelayLimits
from streamer.relay.options import ServeOptions
from streamer.relay.serve import serve
from streamer.sounds import Studio

READY = "Stop with Ctrl-C"
PATIENCE_S = 60.0
"""A machine that is shared by many may be slow; what is awaited comes much sooner, or never."""


class Host:
    """What a relay has told its host, line by line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._came = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def say(self, words: str) -> None:
        self.lines.append(words)
        self._came.set()

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    @property
    def port(self) -> int:
        return PrintedLinks(self.log).port

    async def hears(self, words: str) -> None:
        """Wait until that was said; raises what ended the relay before."""

        async def until() -> None:
            while words not in self.log:
                assert self.task
                if self.task.done():
                    self.task.result()
                self._came.clear()
                await asyncio.wait(
                    [asyncio.ensure_future(self._came.wait()), self.task], return_when="FIRST_COMPLETED"
                )

        try:
            await asyncio.wait_for(until(), PATIENCE_S)
        except TimeoutError:
            raise AssertionError(f"never said {words!r}:\n{self.log}") from None


@asynccontextmanager
async def hosting(
    directory: Path,
    say: Callable[[Host, str], None] | None = None,
    studio: Studio | None = None,
    **wish: Any,
) -> AsyncIterator[Host]:
    """A relay that is ready; raises SetupError if it can't be had."""
    host = Host()
    options = {"host": "127.0.0.1", "rooms": ("home",), "mdns": False, **wish}
    tell = (lambda words: say(host, words)) if say else host.say
    host.task = asyncio.create_task(
        serve(ServeOptions(directory, **options), RelayLimits(), tell, studio=studio)
    )
    try:
        await host.hears(READY)
        yield host
        assert not host.task.done(), host.log
    finally:
        host.task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await host.task
