"""What one sees in the terminal: who is here, how loud, and how late; plain lines where it isn't a terminal."""

from time import perf_counter
from types import TracebackType
from typing import Final, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from streamer.client.clock import RelayClock
from streamer.client.roster import Roster
from streamer.client.voice import Voice

BAR_CELLS: Final = 24
_BAR_DB: Final = 60
_LOUD_DB, _HOT_DB = 12, 3
_REFRESHES_PER_SECOND: Final = 8


class Meters:
    """A context: while it lasts, the meters stand under whatever is told."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._live: Live | None = None

    def tell(self, text: str) -> None:
        self._console.print(Text(_printable(text)), soft_wrap=True)

    def show(self, roster: Roster, clock: RelayClock, voice: Voice | None) -> Self:
        """What the context shall show."""
        if self._console.is_terminal:
            self._live = Live(
                console=self._console,
                get_renderable=lambda: render(roster, clock, voice, perf_counter()),
                refresh_per_second=_REFRESHES_PER_SECOND,
                transient=True,
            )
        return self

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()


def render(roster: Roster, clock: RelayClock, voice: Voice | None, now: float) -> RenderableType:
    table = Table(
        title=_printable(roster.room), caption=_describe_round_trip(clock), title_justify="left", expand=False
    )
    for column in ("", "level", "buffer"):
        table.add_column(column, no_wrap=True)
    if voice:
        table.add_row(Text(f"{_printable(roster.name)} (you)", style="bold"), level_bar(voice.level), "")
    for member in roster.members:
        state = Text("muted", style="dim") if member.muted else level_bar(member.level(now))
        table.add_row(Text(_printable(member.name)), state, f"{member.jitter_buffer.level_ms:.0f} ms")
    return table


def level_bar(level: int) -> Text:
    """A bar for `level` in −dBov: empty from −60 down, full at 0."""
    cells = max(0, round((_BAR_DB - level) / _BAR_DB * BAR_CELLS))
    style = "red" if level <= _HOT_DB else "yellow" if level <= _LOUD_DB else "green"
    return Text("█" * cells + "·" * (BAR_CELLS - cells), style=style)


def _describe_round_trip(clock: RelayClock) -> str:
    if clock.round_trip_us is None:
        return "round trip unknown · Ctrl-C leaves"
    return f"round trip {clock.round_trip_us / 1000:.1f} ms · Ctrl-C leaves"


def _printable(text: str) -> str:
    """`text` from elsewhere, without what a terminal would obey."""
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in text)
