"""Programs that this one starts: what they are given to read, what they say, and how they are ended."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import suppress


async def give(process: Process, data: bytes) -> None:
    """Write `data` to its standard input; whether it reads that is its own affair."""
    assert process.stdin is not None
    with suppress(OSError, RuntimeError):  # it has ended, or does not read; uvloop raises the latter
        process.stdin.write(data)
        await process.stdin.drain()


async def lines_of(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """What it says, line by line, without spaces at either end. A line beyond the stream's limit is left
    out."""
    while True:
        try:
            line = await stream.readline()
        except ValueError:
            continue
        if not line:
            return
        yield line.decode(errors="replace").strip()


async def end(process: Process, grace_s: float = 0.0, *, is_group: bool = False) -> None:
    """Returns when it has ended: asked to, and killed after `grace_s`; killed at once where that is 0.

    With `is_group` all that it has started is killed with it: it was started with `start_new_session`.
    """
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        if grace_s:
            process.terminate()
            with suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await process.wait()
                return
        _kill(process, is_group=is_group)
    await process.wait()


def _kill(process: Process, *, is_group: bool) -> None:
    if not is_group or sys.platform == "win32":
        process.kill()
        return
    with suppress(PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
