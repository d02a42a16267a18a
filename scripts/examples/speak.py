"""Speaks a text in a room, with the voice of espeak-ng: speak.py LINK "Dinner is ready" """

import asyncio
import sys
import tempfile
from pathlib import Path

import streamer


async def speak(link: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        espeak = await asyncio.create_subprocess_exec("espeak-ng", "-w", path, "--", text)
        if await espeak.wait():
            sys.exit("espeak-ng could not speak that")
        async with streamer.join(link, name="Speaker") as room:
            await room.play(path)


if __name__ == "__main__":
    asyncio.run(speak(*sys.argv[1:]))
