"""A program of ours that runs beside the relay, as its child: begun again when it ends, later after each
failure.

What it needs to know, it reads from its standard input, where no list of processes shows it. The input stays
open: the child ends when the relay is gone, however that came.
"""

import asyncio
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Final

from streamer import child_process
from streamer.doubling import doubled_s
from streamer.errors import in_words

_FIRST_REST_S: Final = 1.0
_LONGEST_REST_S: Final = 60.0
_WELL_S: Final = 60.0
"""Seconds: what ran so long did not fail at its beginning."""

_GOODBYE_S: Final = 5.0
"""Seconds from asking it to end to ending it."""

_LINE_BYTES: Final = 8_192
"""Of what the program says: a longer line is no message for people."""


def command_of(*arguments: str) -> list[str]:
    """Of this program, with `arguments`; where it is one file, that file is the interpreter.

    With -P, a folder called `streamer` in the current one is not taken for it: the folder of state is called
    so.
    """
    return [sys.executable, *([] if getattr(sys, "frozen", False) else ["-P", "-m", "streamer"]), *arguments]


class Companion:
    """`told` is what it reads first; `say` gets each line that it prints for its user.

    `run` goes on until it is cancelled. With `most_failures` it also returns: True once the program has ended
    in order, False once it has failed so often in a row; `on_failure` gets its last line each time.
    """

    def __init__(
        self,
        command: Sequence[str],
        told: str,
        say: Callable[[str], None],
        *,
        most_failures: int | None = None,
        on_failure: Callable[[str], None] = lambda words: None,
    ) -> None:
        self._command = command
        self._told = told
        self._say = say
        self._most_failures = most_failures
        self._on_failure = on_failure
        self._last = ""

    async def run(self) -> bool:
        failures = 0
        while self._most_failures is None or failures < self._most_failures:
            began, self._last = monotonic(), ""
            status = await self._run_once()
            if status == 0 and self._most_failures is not None:
                return True
            self._on_failure(self._last or "it failed without an error message")
            failures = 1 if monotonic() - began > _WELL_S else failures + 1
            await asyncio.sleep(doubled_s(failures, random.random(), _FIRST_REST_S, _LONGEST_REST_S))
        return False

    async def _run_once(self) -> int:
        """Returns its exit status; one that can't even be started says why, and failed."""
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=pipe,
                stdout=nothing,
                stderr=pipe,
                limit=_LINE_BYTES,
                start_new_session=True,  # Ctrl-C at the relay is the relay's; it then ends this one in order
            )
        except OSError as error:  # no memory, no more processes or open files: it may pass
            self._pass_on(f"it can't be started: {in_words(error)}")
            return 1
        assert process.stdin
        assert process.stderr
        try:
            await asyncio.gather(
                child_process.give(process, self._told.encode()), self._listen(process.stderr)
            )
            return await process.wait()
        finally:
            process.stdin.close()
            await child_process.end(process, _GOODBYE_S)

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        async for line in child_process.lines_of(stream):
            self._pass_on(line)

    def _pass_on(self, words: str) -> None:
        self._last = words or self._last
        with suppress(OSError, ValueError):  # the host's terminal may be gone
            self._say(words)
