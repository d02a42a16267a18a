"""What one sees in the terminal: who is here, how loud, and how late, and the line that one types below.

Plain lines where it isn't a terminal.
"""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO, cast

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from streamer.client.delay.diagnosis import worst
from streamer.client.delay.mouth_to_ear import PARTS, Figure, PartFigure
from streamer.client.delay.relay_clock import RelayClock
from streamer.client.ears import Ear
from streamer.client.room import Room
from streamer.client.terminal.keyboard import Keyboard, is_foreground, is_terminal
from streamer.client.terminal.line_editor import LineEditor
from streamer.client.terminal.output import Output
from streamer.terminal_text import one_line

if TYPE_CHECKING:
    from streamer.jitter.jitter_buffer import JitterStatistics

BAR_CELLS: Final = 24
_BAR_DB: Final = 60
_LOUD_DB, _HOT_DB = 12, 3
_REFRESHES_PER_SECOND: Final = 8
_PROMPT: Final = "› "

SAID: Final = "> "
"""Before what others write; nothing that we say begins so."""

_INDENT: Final = "  "
_LEAST_CELLS: Final = 8
"""In a narrower terminal a row of a message breaks by itself."""


class Meters:
    """A context: while it lasts, the meters stand under whatever is told."""

    def __init__(self, console: Console | None = None) -> None:
        """Raises nothing where `console`, by default standard output, can't be written: `run` does."""
        self._output = Output(sys.stdout)
        self._console = console or Console(file=cast(TextIO, self._output), highlight=False)
        self._live: Live | None = None

    def tell(self, text: str) -> None:
        """What is ours to say, maybe in several lines; a text of others in it is one line already."""
        self._console.print(Text("\n".join(map(one_line, text.split("\n")))), soft_wrap=True)

    def tell_said(self, name: str, text: str) -> None:
        """What a member wrote. However long it is, none of its rows begins where ours do."""
        said = f"{SAID}{name}: {text}"
        if self._console.is_terminal:
            width = max(self._console.width - len(SAID), _LEAST_CELLS)
            rows = Text(said[len(SAID) :]).wrap(self._console, width, overflow="fold")
            said = "\n".join((SAID if number == 0 else _INDENT) + row.plain for number, row in enumerate(rows))
        self._console.print(Text(said), soft_wrap=True)

    def ring(self) -> None:
        """A notice wants to be heard."""
        self._console.bell()

    def show(self, room: Room, ear: Ear, keyboard: Keyboard) -> Self:
        """What the context shall show."""
        if not self._console.is_terminal or self._console.is_dumb_terminal:
            return self
        editor = keyboard.editor if is_terminal() else None
        self._live = Live(
            console=self._console,
            get_renderable=lambda: Fitted(render(room, ear), editor),
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
        )
        keyboard.on_foreground = self._on_foreground
        if editor:
            keyboard.on_key = self._on_key
        return self

    async def run(self) -> None:
        """Raises OSError when nothing can be shown any longer."""
        await self._output.run()

    def __enter__(self) -> Self:
        self._on_foreground(is_foreground())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def _on_foreground(self, is_front: bool) -> None:
        """In the background the screen is the shell's: what is told is written there, and nothing is drawn."""
        if self._live and is_front:
            self._live.start()
        elif self._live:
            self._live.stop()

    def _on_key(self) -> None:
        if self._live and self._live.is_started:
            self._live.refresh()


class Fitted:
    """As much of `meters` as there is room for, its last row in any case; below them the line that is being typed."""

    def __init__(self, meters: RenderableType, editor: LineEditor | None) -> None:
        self._meters = meters
        self._editor = editor

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = console.render_lines(self._meters, options, pad=False)
        height = options.size.height - (1 if self._editor else 0)
        if len(rows) > height:
            rows = [*rows[: height - 1], rows[-1]]
        for row in rows:
            yield from row
            yield Segment.line()
        if self._editor:
            yield typed_row(self._editor, options.max_width)


def typed_row(editor: LineEditor, width: int) -> Text:
    """What is typed, as much of it around the cursor as fits into one row."""
    before, rest = editor.text[: editor.cursor], editor.text[editor.cursor :]
    under, after = rest[:1] or " ", rest[1:]
    room = width - len(_PROMPT) - cell_len(under)
    if cell_len(before) > room:
        before = set_cell_size(before[::-1], room)[::-1]
    row = Text.assemble((_PROMPT, "bold"), before, (under, "reverse"), after, no_wrap=True, overflow="crop")
    row.truncate(width, overflow="crop")
    return row


def render(room: Room, ear: Ear) -> RenderableType:
    table = Table(title=one_line(room.name), title_justify="left", expand=False)
    for column in ("", "level", "mouth to ear", "p50", "p95"):
        table.add_column(column, no_wrap=True)
    me = room.me
    if not me.listening:
        state = _state(me.muted, room.level(me), listens=me.role == "listen")
        table.add_row(Text(f"{one_line(me.name)} (you)", style="bold"), state)
    details, figures = [], {}
    for member in room.members:
        name, figure, statistics = one_line(member.name), ear.delay(member), ear.statistics(member)
        state = _state(member.muted, room.level(member), listens=member.only_listens, hand=member.hand)
        table.add_row(Text(name), state, *(describe_figure(figure) if figure else ()))
        if figure and statistics:
            figures[name] = figure
            details.append(Text(f"{name}: {describe_parts(figure)}", style="dim"))
            details.append(Text(f"  {describe_buffer(statistics)}", style="dim"))
    trouble = worst(figures)
    last = [Text(str(trouble))] if trouble else []
    return Group(table, *details, *last, Text(_describe_round_trip(room.clock)))


def describe_figure(figure: Figure) -> tuple[str, str, str]:
    """Now, p50 and p95 of the whole; "≥" where a part of it is unknown."""
    if figure.total_ms is None:
        return "unknown", "", ""
    least = "" if figure.complete else "≥ "
    now, p50, p95 = (None if ms is None else f"{least}{ms:.0f} ms" for ms in figure.total_ms)
    return now or "unknown", p50 or "", p95 or ""


def describe_parts(figure: Figure) -> str:
    """The medians of all parts; "~" where a device reported it, "?" where it is unknown."""
    return " · ".join(f"{part} {_describe_part(figure.parts[part])}" for part in PARTS)


def _describe_part(part: PartFigure) -> str:
    if part.ms is None:
        return "?"
    return f"{'~' if part.status == 'reported' else ''}{max(0.0, part.ms.p50):.0f}"


def describe_buffer(statistics: "JitterStatistics") -> str:
    """What the jitter buffer holds, and what it had to do so far."""
    return (
        f"holds {statistics['level_ms']:.0f} of {statistics['target_ms']:.0f} ms · {statistics['late']} late · "
        f"{statistics['underruns']} × dry · concealed {statistics['concealed_ms']:.0f} ms · "
        f"sped up by {statistics['accelerated_ms'] + statistics['skipped_ms']:.0f} ms · "
        f"slowed down by {statistics['expanded_ms']:.0f} ms"
    )


def _state(muted: bool, level: int, *, listens: bool = False, hand: bool = False) -> Text:
    """What keeps a member from being heard, in words, or how loud it is; a raised hand stands before it."""
    quiet = "listens" if listens else "muted" if muted else ""
    if not hand:
        return Text(quiet, style="dim") if quiet else level_bar(level)
    return Text.assemble(("hand raised", "bold"), (f", {quiet}" if quiet else "", "dim"))


def level_bar(level: int) -> Text:
    """A bar for `level` in −dBov: empty from −60 down, full at 0."""
    cells = max(0, round((_BAR_DB - level) / _BAR_DB * BAR_CELLS))
    style = "red" if level <= _HOT_DB else "yellow" if level <= _LOUD_DB else "green"
    return Text("█" * cells + "·" * (BAR_CELLS - cells), style=style)


def _describe_round_trip(clock: RelayClock) -> str:
    if clock.round_trip_us is None:
        return "round trip unknown · /help · Ctrl-C leaves"
    return f"round trip {clock.round_trip_us / 1000:.1f} ms · /help · Ctrl-C leaves"
