"""Says back what each talker said, as soon as that talker is silent again: echo_bot.py LINK"""

import asyncio
import sys
from collections import defaultdict, deque

import numpy as np
from numpy.typing import NDArray

import streamer

LONGEST_FRAMES = 1_000  # ten seconds; of a longer speech, the end

Phrases = defaultdict[int, deque[NDArray[np.float32]]]


async def listen(room: streamer.Room, phrases: Phrases) -> None:
    async for heard in room.hear():
        phrases[heard.member.talker_id].append(heard.samples)


async def main(link: str) -> None:
    phrases: Phrases = defaultdict(lambda: deque(maxlen=LONGEST_FRAMES))
    async with streamer.join(link, name="Echo bot") as room, asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(listen(room, phrases))
        async for event in room.events():
            match event:
                case streamer.Talking(member, on=False):
                    if phrase := phrases.pop(member.talker_id, None):
                        print(f"{streamer.one_line(member.name)} said {len(phrase) / 100:.1f} s", flush=True)
                        await room.say(np.concatenate(phrase))
                case streamer.Left(member):
                    phrases.pop(member.talker_id, None)
        listening.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
