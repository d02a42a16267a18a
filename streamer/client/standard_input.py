"""The standard input of a program of ours that another one has started: it stays open for as long as that one
lives."""

import asyncio
import sys


async def until_input_ends() -> None:
    """Whoever started this program holds its standard input, and is gone when it ends."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while await reader.read(1_024):
        pass
