"""What stands where on the relay's screen, for windows and names of any size."""

import io
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from streamer.relay.rooms.glance import Glance
from streamer.relay.screen.layout import Key, View, frame, live_line
from streamer.relay.screen.qr_code import code_within

LINK = "http://192.168.178.20:8443/#room=home&key=AAAAAAAAAAAAAAAAAAAAAA"
KEYS = (
    Key("c", "hide the code", "code"),
    Key("r", "next room", "room"),
    Key("l", "unlock the room", "unlock"),
    Key("q", "quit", "quit"),
    Key("o", "open in the browser", "browser"),
)
CONSOLE = Console(file=io.StringIO(), width=400)
NAMES = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=40)


def view(
    glance: Glance | None = None, *, link: str = LINK, notes: Sequence[str] = (), shows_code: bool = True
) -> View:
    return View("home", link, glance or Glance(), KEYS, notes, shows_code)


def shown(of: View, columns: int, rows: int) -> list[str]:
    return [row.plain for row in frame(of, CONSOLE, columns, rows)]


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (100, 30), (44, 14), (41, 25), (36, 24), (30, 20)])
def test_the_code_is_there_whole_with_the_live_line_and_the_keys(columns: int, rows: int) -> None:
    lines = shown(view(), columns, rows)
    code = code_within(LINK, columns, rows - 1), code_within(LINK, columns, rows - 2)
    assert any(
        drawn and all(line.startswith(row) for line, row in zip(lines, drawn, strict=False)) for drawn in code
    )
    assert any("nobody here yet" in line for line in lines[-2:])
    words = "\n".join(lines)
    assert all(f"{key.key}  {key.what}" in words or f"{key.key} {key.short}" in words for key in KEYS[:3])


@settings(deadline=None)
@given(
    columns=st.integers(10, 200),
    rows=st.integers(3, 60),
    names=st.lists(NAMES, max_size=12).map(tuple),
    ms=st.floats(0, 99_999),
    notes=st.lists(NAMES, max_size=3),
    shows_code=st.booleans(),
)
def test_nothing_is_wider_or_higher_than_the_window_and_no_figure_is_cut(
    columns: int, rows: int, names: tuple[str, ...], ms: float, notes: list[str], shows_code: bool
) -> None:
    slowest = (names[0], ms) if names else None
    glance = Glance(
        people=len(names), elsewhere=3, talkers=names, slowest=slowest, locked=True, knocks=names[:2]
    )
    now = view(glance, notes=notes, shows_code=shows_code)
    lines = shown(now, columns, rows)
    assert len(lines) <= rows
    assert all(cell_len(line) <= columns for line in lines)
    line = live_line(now, columns)
    assert line in lines
    assert f"{ms:.0f} ms" in line or not slowest or columns < 40


def test_with_less_room_the_live_line_has_fewer_words() -> None:
    talkers = ("Ada", "Ben", "Wilhelmina Hohenstein-Pappenheimer")
    now = view(Glance(people=12, talkers=talkers, slowest=("Wilhelmina Hohenstein-Pappenheimer", 212.4)))
    assert [live_line(now, columns) for columns in (120, 70, 50, 30, 9)] == [
        "home · 12 people · Ada and 2 more talk · worst delay to here: Wilhelmina Hohenstein-Pappenheimer, "
        "212 ms",
        "12 people · Ada and 2 more talk · worst 212 ms",
        "12 people · Ada and 2 more talk · worst 212 ms",
        "12 people · 3 talk",
        "12 people",
    ]


def test_a_longer_link_takes_a_code_that_still_fits() -> None:
    link = f"http://192.168.178.200:8443/#room={'%C3%BC' * 12}&key=AAAAAAAAAAAAAAAAAAAAAA"
    for columns, rows in ((80, 24), (100, 30), (44, 20)):
        assert code_within(link, columns, rows - 1)


def test_where_no_code_fits_it_says_so_and_shows_the_link() -> None:
    lines = shown(view(), 40, 9)
    assert "too small for the code" in " ".join(lines)
    assert LINK in "".join(lines)


def test_a_note_for_the_host_stands_beside_the_code() -> None:
    note = "203.0.113.5 is not a private address, so the relay's authority can't certify it"
    words = " ".join(" ".join(line[45:] for line in shown(view(notes=[note]), 80, 24)).split())
    assert note in words
