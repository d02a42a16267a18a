"""Commands that start a program of this computer, such as one that opens a gate.

The program and its arguments are in the configuration; what comes over the network is never part of a command
line, and goes to the program's standard input, as JSON. Its exit status says what became of it, and its last
line says why.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from streamer import child_process
from streamer.terminal_text import one_line
from streamer.wire.programs import Outcome

MOST_AT_ONCE: Final = 4
"""Programs: whoever sends a fifth command meanwhile is told to wait."""

_MAX_OUTPUT_BYTES: Final = 65_536
_MAX_LINE_CHARACTERS: Final = 200
"""Of the last line, which answers the command: what fits into a command's result
(`MAX_RESULT_CHARACTERS`)."""


class ProgramRunner:
    """Runs at most MOST_AT_ONCE at a time; a program that is not done in time is ended with all that it has
    started."""

    def __init__(self) -> None:
        self._running = 0

    async def run(
        self, command: Sequence[str], arguments: Mapping[str, Any], sender: str, deadline_s: float
    ) -> tuple[Outcome, str]:
        """What became of it, and why in words."""
        if self._running >= MOST_AT_ONCE:
            return "refused", f"{MOST_AT_ONCE} commands are at work already"
        self._running += 1
        try:
            return await _run(command, arguments, sender, deadline_s)
        finally:
            self._running -= 1


async def _run(
    command: Sequence[str], arguments: Mapping[str, Any], sender: str, deadline_s: float
) -> tuple[Outcome, str]:
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT, start_new_session=True
        )
    except (OSError, ValueError) as error:
        return "refused", f"{command[0]} can't be started: {getattr(error, 'strerror', None) or error}"
    given = json.dumps({"arguments": dict(arguments), "sender": sender}, ensure_ascii=False).encode(
        errors="replace"
    )
    output = bytearray()
    try:
        async with asyncio.timeout(deadline_s):
            await asyncio.gather(_give(process, given), _take(process, output))
            await process.wait()
    except TimeoutError:
        return "refused", f"{command[0]} was not done within {deadline_s:g} s, and was ended"
    finally:
        await child_process.end(process, is_group=True)
    lines = output.decode(errors="replace").strip().splitlines()
    last = one_line(lines[-1])[:_MAX_LINE_CHARACTERS] if lines else ""
    if process.returncode:
        return "refused", last or f"{command[0]} failed with exit status {process.returncode}"
    return "done", last


async def _give(process: asyncio.subprocess.Process, given: bytes) -> None:
    assert process.stdin is not None
    await child_process.give(process, given)
    process.stdin.close()


async def _take(process: asyncio.subprocess.Process, output: bytearray) -> None:
    """Keeps the end of what it prints."""
    assert process.stdout is not None
    while data := await process.stdout.read(_MAX_OUTPUT_BYTES):
        output += data
        del output[:-_MAX_OUTPUT_BYTES]
