"""Rings in a room whenever a line is typed, and says who answered what: doorbell.py LINK

The link has to let it notify: the host's own, or one with a token of that scope.
"""

import asyncio
import sys

import numpy as np
from numpy.typing import NDArray

import streamer

PATIENCE_S = 30.0


def ding_dong() -> NDArray[np.float32]:
    """Two tones that fade, as float samples at 48 kHz."""
    time = np.arange(24_000) / 48_000
    tones = [0.3 * np.exp(-6 * time) * np.sin(2 * np.pi * hz * time) for hz in (660, 520)]
    return np.concatenate(tones).astype(np.float32)


async def ring(room: streamer.Room) -> None:
    notice = await room.notify(
        "Somebody is at the door", title="Door", sound=True, actions=["Open", "Not now"]
    )
    await room.say(ding_dong())
    try:
        async with asyncio.timeout(PATIENCE_S):
            reply = await anext(notice.replies())
            print(f"{streamer.one_line(reply.name)} answers: {reply.action}", flush=True)
    except TimeoutError:
        print("Nobody answers", flush=True)


async def main(link: str) -> None:
    async with streamer.join(link, name="Doorbell") as room:
        print(f"The bell of {room.name}: press Enter to ring", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            await ring(room)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
