"""Shows live who is here, who talks, how late each voice is, and what devices report: dashboard.py LINK"""

import asyncio
import sys

from rich.live import Live
from rich.table import Table
from rich.text import Text

import streamer


class Dashboard:
    def __init__(self, room: streamer.Room) -> None:
        self.room = room
        self.ear = room.ear()
        self.talking: set[int] = set()
        self.reports: dict[tuple[int, str], str] = {}

    def __rich__(self) -> Table:
        table = Table("member", "", "mouth to ear", "reports", title=self.room.name)
        for member in self.room.members:
            figure = self.ear.delay(member)
            delay = f"{figure.total_ms.p50:.0f} ms" if figure and figure.total_ms else ""
            state = "talks" if member.talker_id in self.talking else "muted" if member.muted else ""
            told = [
                report for (talker_id, _), report in self.reports.items() if talker_id == member.talker_id
            ]
            table.add_row(Text(streamer.one_line(member.name)), state, delay, Text("\n".join(told)))
        return table

    def on_event(self, event: streamer.Event) -> None:
        match event:
            case streamer.Talking(member, on):
                (self.talking.add if on else self.talking.discard)(member.talker_id)
            case streamer.Left(member):
                self.reports = {key: told for key, told in self.reports.items() if key[0] != member.talker_id}
            case streamer.Telemetry(streamer.Member() as member, device, values):
                told = ", ".join(f"{name} {value}" for name, value in (values or {"is": "gone"}).items())
                self.reports[member.talker_id, device] = streamer.one_line(f"{device} {told}".strip())


async def main(link: str) -> None:
    room = streamer.join(link, name="Dashboard", listening=True)
    dashboard, events = (
        Dashboard(room),
        room.events(),
    )  # before the room is entered, so that nothing is missed
    with Live(dashboard, refresh_per_second=4):
        async with room, asyncio.TaskGroup() as tasks:
            playing = tasks.create_task(dashboard.ear.run(streamer.FilePlayout(dashboard.ear.pop)))
            async for event in events:
                dashboard.on_event(event)
            playing.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
