"""A dispatcher's board: where all vehicles are, on a plain list; calls one of them, or all.

    dispatcher.py LINK         the board: `list`, `call NAME TEXT`, `all TEXT`, `tell NAME COMMAND`
    dispatcher.py LINK NAME    a vehicle of that name, which reports its position and obeys `call`

LINK has to let the board notify and command: the host's own, or one with a token of these scopes.
"""

import asyncio
import math
import sys
from collections.abc import AsyncIterator
from time import monotonic

import streamer

REPORT_S = 1.0  # a vehicle in town moves 15 m meanwhile
LOST_S = 5.0  # older positions are shown with their age: the vehicle is no longer there


class Board:
    """The vehicles by name: what they reported, and when."""

    def __init__(self, room: streamer.Room) -> None:
        self.room = room
        self.reports: dict[str, tuple[dict[str, object], float]] = {}

    def on_event(self, event: streamer.Event) -> None:
        match event:
            case streamer.Telemetry(streamer.Member() as member, "", values, age_s) if values:
                self.reports[member.name] = dict(values), monotonic() - age_s
            case streamer.Left(member):
                self.reports.pop(member.name, None)
                print(f"{streamer.one_line(member.name)} is gone", flush=True)
            case streamer.Reply(name=name, action=action):
                print(f"{streamer.one_line(name)} answers: {action}", flush=True)

    def lines(self) -> list[str]:
        """One for each vehicle: name, position, and what else is known of it; what is not known is `?`."""
        lines = []
        for name, (values, told_s) in sorted(self.reports.items()):
            age_s = monotonic() - told_s
            shown = ", ".join(f"{key} {'?' if value is None else value}" for key, value in values.items())
            lines.append(
                streamer.one_line(f"{name}: {shown}") + (f" ({age_s:.0f} s ago)" if age_s > LOST_S else "")
            )
        return lines or ["No vehicle is here"]

    async def obey(self, line: str) -> None:
        word, _, rest = line.strip().partition(" ")
        name, _, text = rest.partition(" ")
        match word:
            case "list":
                print("\n".join(self.lines()), flush=True)
            case "call":
                await self.command(name, "call", {"text": text})
            case "tell":
                await self.command(name, text, {})
            case "all":
                await self.room.notify(rest, title="Dispatcher", sound=True, actions=["Understood"])
            case _:
                print("list | call NAME TEXT | all TEXT | tell NAME COMMAND", flush=True)

    async def command(self, name: str, command: str, arguments: dict[str, object]) -> None:
        member = next((member for member in self.room.members if member.name == name), None)
        if member is None:
            print(f"{streamer.one_line(name)} is not here", flush=True)
            return
        result = await self.room.command(member, command, arguments, deadline_s=10)
        print(streamer.one_line(f"{name}: {result.outcome} {result.message}").strip(), flush=True)


async def watch(board: Board, events: AsyncIterator[streamer.Event]) -> None:
    async for event in events:
        board.on_event(event)


async def show_board(link: str) -> None:
    room = streamer.join(link, name="Dispatcher", listening=True)
    board, events = Board(room), room.events()
    async with room:
        watching = asyncio.ensure_future(watch(board, events))
        print(f"The board of {room.name} is open", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                await board.obey(line)
            except (streamer.StreamerError, ValueError) as error:
                print(error, flush=True)
        watching.cancel()


async def report(room: streamer.Room) -> None:
    """Somewhere on a circle; a real one would read its receiver here, and say None where it has no fix."""
    while True:
        angle = monotonic() / 60
        room.tell(
            {"lat": round(48.1 + 0.01 * math.sin(angle), 5), "lon": round(11.5 + 0.01 * math.cos(angle), 5)}
        )
        await asyncio.sleep(REPORT_S)


async def drive(link: str, name: str) -> None:
    room = streamer.join(link, name=name, wait=True)
    events = room.events()
    async with room:
        reporting = asyncio.ensure_future(report(room))
        async for event in events:
            match event:
                case streamer.Command(name="call", arguments=arguments) as command:
                    print(streamer.one_line(f"Called: {arguments.get('text', '')}"), flush=True)
                    await command.answer("done", "on the way")
                case streamer.Command() as command:
                    await command.answer("unknown", "A vehicle is only called")
                case streamer.Notice(text=text, actions=actions) as notice if "Understood" in actions:
                    print(streamer.one_line(f"To all: {text}"), flush=True)
                    room.reply(notice, "Understood")
        reporting.cancel()


if __name__ == "__main__":
    asyncio.run(drive(*sys.argv[1:]) if len(sys.argv) > 2 else show_board(*sys.argv[1:]))
