"""The two screens in tmux: of every size nothing is cut off, and Ctrl-Z, fg and another size leave no
trace."""

import re
from pathlib import Path

import pytest
from processes import STREAMER, RelayProcess
from rich.cells import cell_len
from synthetic_room import NAMES, crowd
from tmux import Tmux

SIZES = [(80, 24), (60, 20), (200, 50)]
MEETING = 11
"""Others in the room: with oneself a dozen."""
SHORTENED = 8
"""The least letters of a name."""


def listen(tmux: Tmux, relay: RelayProcess, home: Path) -> None:
    command = (STREAMER, "listen", relay.link, "--ca", relay.authority, "--name", "Anna")
    tmux.run(*command, "--output", home / "heard.wav")


def is_drawn(rows: list[str]) -> bool:
    return rows[-1:] == ["›"] and "round trip" in rows[-2]


def count(rows: list[str], words: str) -> int:
    return sum(words in row for row in rows)


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_a_dozen_people_have_a_row_each_and_no_figure_or_word_is_cut(
    columns: int, rows: int, relay: RelayProcess, tmp_path: Path
) -> None:
    with crowd(relay, MEETING, talkers=3), Tmux(tmp_path, columns, rows) as tmux:
        listen(tmux, relay, tmp_path)
        shown = tmux.wait_for(lambda rows: is_drawn(rows) and count(rows, " ms") >= 3)
        heading = max(number for number, row in enumerate(shown) if re.match(r"home .*delay", row))
        drawn = shown[heading:]
        assert all(cell_len(row) <= columns for row in drawn)
        for number, name in enumerate(NAMES[:MEETING]):
            assert drawn[1 + number].startswith(name[:SHORTENED])
        assert re.search(r"^Ben +muted", "\n".join(drawn), re.MULTILINE)
        assert all(re.search(r"unknown|\d ms", row) for row in drawn[1 : 1 + MEETING])


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_the_relay_s_code_its_keys_and_its_live_line_are_whole(
    columns: int, rows: int, tmp_path: Path
) -> None:
    with Tmux(tmp_path, columns, rows, {"DISPLAY": "", "WAYLAND_DISPLAY": ""}) as tmux:
        tmux.run(STREAMER, "serve", "--host", "127.0.0.1", "--port", "0")
        shown = tmux.wait_for(lambda rows: rows[-1:] == ["home · nobody here yet"])
        assert all(cell_len(row) <= columns for row in shown)
        text = "\n".join(shown)
        for words in ("Scan to join, or open", "c  hide the code", "l  lock the room", "q  quit"):
            assert words in text
        for size in SIZES:
            tmux.resize(*size)
            tmux.wait_for(
                lambda rows: rows[-1:] == ["home · nobody here yet"] and count(rows, "Scan to join") == 1
            )
        tmux.press("q")
        tmux.wait_for(lambda rows: rows[-1] == "$")


def test_ctrl_z_and_fg_erase_nothing_of_what_the_shell_has_shown_meanwhile(
    relay: RelayProcess, tmp_path: Path
) -> None:
    with crowd(relay, 3), Tmux(tmp_path, 100, 40) as tmux:
        listen(tmux, relay, tmp_path)
        tmux.wait_for(is_drawn)
        tmux.press("C-z")
        tmux.wait_for(lambda rows: count(rows, "Stopped") and rows[-1] == "$")
        tmux.type("seq -s ' and ' 3; seq -f 'line %g' 9")
        tmux.wait_for(lambda rows: "line 9" in rows and rows[-1] == "$")
        tmux.type("fg")
        shown = tmux.wait_for(is_drawn)
        assert [row for row in shown if row.startswith("line ")] == [
            f"line {number}" for number in range(1, 10)
        ]
        assert "1 and 2 and 3" in shown
        assert count(shown, "Stopped") == 1
        assert count(shown, "round trip") == 1


def test_another_size_leaves_one_drawing_and_what_was_told(relay: RelayProcess, tmp_path: Path) -> None:
    with crowd(relay, 3), Tmux(tmp_path, 100, 40) as tmux:
        listen(tmux, relay, tmp_path)
        tmux.wait_for(is_drawn)
        for columns, rows in ((60, 20), (80, 24), (40, 12), (120, 40)):
            tmux.resize(columns, rows)
            shown = tmux.wait_for(
                lambda seen: is_drawn(seen) and count(seen, "round trip") == count(seen, "delay") == 1
            )
            assert len(shown) <= rows
            assert all(cell_len(row) <= columns for row in shown)
        assert count(shown, "You are in home as Anna; with you: Ada, Grace") == 1
