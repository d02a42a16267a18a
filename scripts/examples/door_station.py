"""A door: a button rings in the room, somebody answers by voice and opens. door_station.py LINK [HEARD.wav]

Each line on standard input is a press of the button. What the room says is played at the door, or written
into HEARD.wav. The door opens by the answer "Open" to its notice, or by the command `open`; a lock would be
where `open_door` is. LINK has to let it talk and notify: the host's own, or one with a token of these scopes.
"""

import asyncio
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import streamer

OPEN_S = 3.0  # a door that stays open for longer is a door for everybody


def ding_dong() -> NDArray[np.float32]:
    """Two tones that fade, as float samples at 48 kHz."""
    time = np.arange(24_000) / 48_000
    tones = [0.3 * np.exp(-6 * time) * np.sin(2 * np.pi * hz * time) for hz in (660, 520)]
    return np.concatenate(tones).astype(np.float32)


class Door:
    def __init__(self, room: streamer.Room) -> None:
        self.room = room
        self._closing: asyncio.TimerHandle | None = None
        self.show(is_open=False)

    def show(self, *, is_open: bool) -> None:
        self.room.tell({"open": is_open})
        print("The door is open" if is_open else "The door is closed", flush=True)

    def open_door(self) -> None:
        if self._closing:
            self._closing.cancel()
        self.show(is_open=True)
        loop = asyncio.get_running_loop()
        self._closing = loop.call_later(OPEN_S, lambda: self.show(is_open=False))

    async def ring(self) -> None:
        try:
            await asyncio.gather(
                self.room.say(ding_dong()),
                self.room.notify(
                    "Somebody is at the door", title="Door", sound=True, actions=["Open", "Not now"]
                ),
            )
        except streamer.StreamerError as error:
            print(f"Nobody can be told: {error}", flush=True)

    async def obey(self) -> None:
        async for event in self.room.events():
            match event:
                case streamer.Command(name="open") as command:
                    self.open_door()
                    await command.answer("done", "The door is open")
                case streamer.Command() as command:
                    await command.answer("unknown", "A door only opens")
                case streamer.Reply(action="Open", name=name):
                    print(f"{streamer.one_line(name)} opens", flush=True)
                    self.open_door()
                case streamer.Reply(name=name):
                    print(f"{streamer.one_line(name)} does not open", flush=True)

    async def hear(self, heard: Path | None) -> None:
        ear = self.room.ear()
        playout = streamer.FilePlayout(ear.pop, heard) if heard else streamer.Speaker(ear.pop)
        try:
            await ear.run(playout)
        finally:
            playout.close()


async def main(link: str, heard: str = "") -> None:
    async with streamer.join(link, name="Door", wait=True) as room:
        door = Door(room)
        works = [
            asyncio.ensure_future(door.obey()),
            asyncio.ensure_future(door.hear(Path(heard) if heard else None)),
        ]
        print(f"Press Enter to ring in {room.name}", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            works.append(asyncio.ensure_future(door.ring()))
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
