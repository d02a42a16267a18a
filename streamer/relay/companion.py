"""A program of ours that runs beside the relay, as its child: begun again when it ends, later after each failure.

What it needs to know, it reads from its standard input, where no list of processes shows it. The input stays open: the
child ends when the relay is gone, however that came.
"""

import asyncio
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Final

from streamer.doubling import doubled_s

_FIRST_REST_S: Final = 1.0
_LONGEST_REST_S: Final = 60.0
_WELL_S: Final = 60.0
"""Seconds: what ran so long did not fail at its beginning."""

_GOODBYE_S: Final = 5.0
"""Seconds from asking it to end to ending it."""

_LINE_BYTES: Final = 8_192


def command_of(*arguments: str) -> list[str]:
    """Of this program, with `arguments`; where it is one file, that file is the interpreter.

    With -P, a folder called `streamer` in the current one is not taken for it: the folder of state is called so.
    """
    return [sys.executable, *([] if getattr(sys, "frozen", False) else ["-P", "-m", "streamer"]), *arguments]


class Companion:
    """`told` is what it reads first; `say` gets each line that it prints for its user."""

    def __init__(self, command: Sequence[str], told: str, say: Callable[[str], None]) -> None:
        self._command = command
        self._told = told
        self._say = say

    async def run(self) -> None:
        """Until it is cancelled."""
        failures = 0
        while True:
            began = monotonic()
            await self._run_once()
            failures = 1 if monotonic() - began > _WELL_S else failures + 1
            await asyncio.sleep(doubled_s(failures, random.random(), _FIRST_REST_S, _LONGEST_REST_S))

    async def _run_once(self) -> None:
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=nothing, stderr=pipe, limit=_LINE_BYTES, start_new_session=True
        )
        assert process.stdin
        assert process.stderr
        try:
            with suppress(OSError, RuntimeError):  # it has ended already; uvloop's word for that is the latter
                process.stdin.write(self._told.encode())
            await self._pass_on(process.stderr)
            await process.wait()
        finally:
            process.stdin.close()
            await end(process)

    async def _pass_on(self, lines: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await lines.readline()
            except ValueError:  # longer than anybody reads
                continue
            if not line:
                return
            with suppress(OSError, ValueError):  # the host's terminal may be gone
                self._say(line.decode(errors="replace").strip())


async def end(process: asyncio.subprocess.Process) -> None:
    """Ask it to, and wait; one that does not is killed."""
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
