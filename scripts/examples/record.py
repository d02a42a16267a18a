"""Writes what is heard in a room into a WAV file, for some seconds: record.py LINK heard.wav [SECONDS]"""

import asyncio
import sys
from pathlib import Path

import streamer


async def record(link: str, path: str, seconds: float) -> None:
    async with streamer.join(link, name="Recorder", listening=True) as room:
        ear = room.ear()
        playout = streamer.FilePlayout(ear.pop, Path(path))
        try:
            async with asyncio.timeout(seconds):
                await ear.run(playout)
        except TimeoutError:
            print(f"{seconds:.0f} s of {room.name} are in {path}")
        finally:
            playout.close()


if __name__ == "__main__":
    link, path, *seconds = sys.argv[1:]
    asyncio.run(record(link, path, float(seconds[0]) if seconds else 60.0))
