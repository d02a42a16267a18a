"""A child process: what it says is handed on line by line, and its last line is why it failed."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Self

from streamer.child_process import lines_of
from streamer.errors import SetupError, in_words
from streamer.relay.workers.leash import end_with

_LINE_BYTES: Final = 16_384
"""Of what a worker says: the longest line is one with all addresses."""


class Child:
    """`status` is its exit status once it has ended."""

    def __init__(self, process: Process, on_line: Callable[[str], None]) -> None:
        self._process = process
        self._on_line = on_line
        self.last_line = ""
        self._ended = asyncio.create_task(self._follow())

    @classmethod
    async def start(
        cls, command: Sequence[str], on_line: Callable[[str], None], stdin: int = DEVNULL
    ) -> Self:
        """It ends with this process. Raises SetupError where it can't be started."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=stdin,
                stdout=DEVNULL,
                stderr=PIPE,
                limit=_LINE_BYTES,
                start_new_session=True,  # Ctrl-C is the parent's, who ends this one in order
                preexec_fn=end_with(os.getpid()),
            )
        except OSError as error:
            raise SetupError(f"{command[0]} can't be started: {in_words(error)}") from None
        return cls(process, on_line)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        return self._process.returncode

    @property
    def has_ended(self) -> bool:
        """It has, and its last line is known."""
        return self._ended.done()

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def _follow(self) -> int:
        assert self._process.stderr
        async for words in lines_of(self._process.stderr):
            if words:
                self.last_line = words
                self._on_line(words)
        return await self._process.wait()
