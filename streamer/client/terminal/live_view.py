"""What one sees in the terminal: who is here, how loud, and how late, and the line that one types below.

Plain lines where it isn't a terminal.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO, cast

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.control import Control
from rich.live import Live
from rich.text import Text

from streamer.client.delay.diagnosis import worst
from streamer.client.delay.mouth_to_ear import PARTS, Figure, PartFigure
from streamer.client.delay.relay_clock import RelayClock
from streamer.client.ears import Ear
from streamer.client.room import Room
from streamer.client.terminal.meeting import Meeting, Row, State
from streamer.client.terminal.push_to_talk import PushToTalk
from streamer.terminal.keyboard import Keyboard, is_foreground, is_terminal
from streamer.terminal.line_editor import LineEditor
from streamer.terminal.output import Output
from streamer.terminal_text import one_line
from streamer.wire.packet import SILENCE_LEVEL

if TYPE_CHECKING:
    from streamer.jitter.jitter_buffer import JitterStatistics

_REFRESHES_PER_SECOND: Final = 8
_LOOK_S: Final = 0.1
"""How soon after a change of the window's size it is drawn again: before the second redraw."""
_LINES_KEPT: Final = 200
"""Printed again after the window has changed its size, as far as they fit: more than a window has rows."""
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
        self._new_live: Callable[[], Live] | None = None
        self._size = self._console.size
        self._told: deque[Text] = deque(maxlen=_LINES_KEPT)

    def tell(self, text: str) -> None:
        """What is ours to say, maybe in several lines; a text of others in it is one line already."""
        self._print("\n".join(map(one_line, text.split("\n"))))

    def tell_said(self, name: str, text: str) -> None:
        """What a member wrote. However long it is, none of its rows begins where ours do."""
        said = f"{SAID}{name}: {text}"
        if self._console.is_terminal:
            width = max(self._console.width - len(SAID), _LEAST_CELLS)
            rows = Text(said[len(SAID) :]).wrap(self._console, width, overflow="fold")
            said = "\n".join(
                (SAID if number == 0 else _INDENT) + row.plain for number, row in enumerate(rows)
            )
        self._print(said)

    def _print(self, text: str) -> None:
        self._told += map(Text, text.split("\n"))
        self._console.print(Text(text), soft_wrap=True)

    def ring(self) -> None:
        """A notice wants to be heard."""
        self._console.bell()

    def show(self, room: Room, ear: Ear, keyboard: Keyboard, push_to_talk: PushToTalk | None = None) -> Self:
        """Set what the context will show."""
        if not self._console.is_terminal or self._console.is_dumb_terminal:
            return self
        editor = keyboard.editor if is_terminal() else None
        self._new_live = lambda: Live(
            console=self._console,
            get_renderable=lambda: Fitted(render(room, ear, perf_counter(), push_to_talk), editor),
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
        )
        keyboard.on_foreground = self._on_foreground
        if editor:
            keyboard.on_key = self._on_key
        return self

    async def run(self) -> None:
        """Raises OSError when nothing can be shown any longer."""
        watching = asyncio.create_task(self._watch_size())
        try:
            await self._output.run()
        finally:
            watching.cancel()

    async def _watch_size(self) -> None:
        """After a change nobody knows where the rows are, since terminals break long ones anew: all is drawn
        again."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if not self._live or self._console.size == self._size:
                continue
            self._stop()
            self._console.control(Control.clear(), Control.home())
            for line in list(self._told)[-self._console.height :]:
                self._console.print(line, soft_wrap=True)
            self._start()

    def __enter__(self) -> Self:
        self._on_foreground(is_foreground())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def _on_foreground(self, is_front: bool) -> None:
        """In the background the screen is the shell's: what is told is written there, and nothing is
        drawn."""
        if is_front:
            self._start()
        else:
            self._stop()

    def _start(self) -> None:
        """With a new one: the one before remembers rows that are the shell's by now, and would erase them."""
        if self._new_live and not self._live:
            self._size = self._console.size
            self._live = self._new_live()
            self._live.start()

    def _stop(self) -> None:
        if self._live:
            self._live.stop()
        self._live = None

    def _on_key(self) -> None:
        if self._live:
            self._live.refresh()


class Fitted:
    """As much of `meeting` as there is room for, its last row in any case; below it the line that is being
    typed."""

    def __init__(self, meeting: Meeting, editor: LineEditor | None) -> None:
        self._meeting = meeting
        self._editor = editor

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._meeting.lines(options.max_width, options.size.height - (1 if self._editor else 0))
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


def render(room: Room, ear: Ear, now: float, push_to_talk: PushToTalk | None = None) -> Meeting:
    """What the meters show at `now`, in s of perf_counter()."""
    people, details, figures = [], [], {}
    if not room.me.listening:
        people.append(_own_row(room, push_to_talk, now))
    for member in room.members:
        name, figure, statistics = one_line(member.name), ear.delay(member), ear.statistics(member)
        level = room.level(member)
        state = _state(member.muted, level, listens=member.only_listens, hand=member.hand)
        is_wanted = member.hand or level < SILENCE_LEVEL
        people.append(
            Row(name, state, describe_figure(figure) if figure else ("", "", ""), is_wanted=is_wanted)
        )
        if figure and statistics:
            figures[name] = figure
            details.append(f"{name}: {describe_parts(figure)}")
            details.append(f"  {describe_buffer(statistics)}")
    trouble = worst(figures)
    last = [*([str(trouble)] if trouble else []), _describe_round_trip(room.clock)]
    return Meeting(one_line(room.name), people, details, last)


def _own_row(room: Room, push_to_talk: PushToTalk | None, now: float) -> Row:
    me = room.me
    state = _state(me.muted, room.level(me), listens=me.role == "listen")
    if push_to_talk and not state.words and not push_to_talk.is_held(now):
        state = State(f"hold {push_to_talk.name} to talk")
    return Row(f"{one_line(me.name)} (you)", state, ("", "", ""), is_wanted=True)


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
        f"holds {statistics['level_ms']:.0f} of {statistics['target_ms']:.0f} ms · {statistics['late']} late "
        "· "
        f"{statistics['underruns']} underruns · concealed {statistics['concealed_ms']:.0f} ms · "
        f"sped up by {statistics['accelerated_ms'] + statistics['skipped_ms']:.0f} ms · "
        f"slowed down by {statistics['expanded_ms']:.0f} ms"
    )


def _state(muted: bool, level: int, *, listens: bool = False, hand: bool = False) -> State:
    """In words why a member is not heard, or how loud it is; a raised hand comes first."""
    quiet = "listens" if listens else "muted" if muted else ""
    words = ", ".join(filter(None, ["hand raised" if hand else "", quiet]))
    return State(words, level)


def _describe_round_trip(clock: RelayClock) -> str:
    if clock.round_trip_us is None:
        return "round trip unknown · /help · Ctrl-C leaves"
    return f"round trip {clock.round_trip_us / 1000:.1f} ms · /help · Ctrl-C leaves"
