"""Somebody types at a terminal while meters are drawn there and news come."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from processes import START_S, RelayProcess, StreamerProcess
from rig import wait_until
from terminal import Terminal

REDRAWS_S = 1.5
ONE_REDRAW_S = 20
"""On a busy machine one may be seen half done, and the next comes late."""
PROMPT = "› "


@contextmanager
def ada(relay: RelayProcess, home: Path, **size: int) -> Iterator[Terminal]:
    command = ("listen", relay.link, "--ca", relay.authority, "--name", "Ada", "--output", home / "heard.wav")
    with Terminal(home, *command, **size) as terminal:
        terminal.wait_for("You are in home as Ada")
        yield terminal


def another(relay: RelayProcess, home: Path, name: str = "Grace") -> StreamerProcess:
    command = ("listen", relay.link, "--ca", relay.authority, "--name", name, "--output", home / "heard.wav")
    return StreamerProcess(home, *command)


def stays_whole(terminal: Terminal, typed: str) -> None:
    """Whatever is drawn above it, what is typed is the last row."""
    end = monotonic() + REDRAWS_S
    while monotonic() < end:
        wait_until(lambda: terminal.look()[-1] == PROMPT + typed, ONE_REDRAW_S, lambda: "\n".join(terminal.look()))


def test_a_line_that_is_being_typed_stays_whole_and_arrives_whole(relay: RelayProcess, tmp_path: Path) -> None:
    with ada(relay, tmp_path / "ada") as terminal:
        terminal.type("Dinner is re")
        terminal.wait_for(PROMPT + "Dinner is re")
        with another(relay, tmp_path / "grace") as grace:
            terminal.wait_for("Grace joined")
            stays_whole(terminal, "Dinner is re")
            terminal.type("adyy\x7f – come!\r")
            wait_until(lambda: "Ada: Dinner is ready – come!\n" in grace.log, START_S, grace.complaint)
            rows = terminal.wait_for("Ada: Dinner is ready – come!")
            assert rows[-1] == PROMPT.rstrip()
            assert sum("round trip" in row for row in rows) == 1
        terminal.wait_for("Grace left")


def test_in_a_small_terminal_the_meters_make_room_for_what_is_typed(relay: RelayProcess, tmp_path: Path) -> None:
    with ada(relay, tmp_path / "ada", columns=40, rows=10) as terminal:
        terminal.type("a line that is longer than forty columns are")
        with another(relay, tmp_path / "a", "Grace"), another(relay, tmp_path / "b", "Joan"):
            relay.wait_for_members(3)
            stays_whole(terminal, "that is longer than forty columns are")
            terminal.type("\x01\x1b[C\x1b[C")
            terminal.wait_for(PROMPT + "a line that is longer than forty colum")


def test_who_leaves_finds_the_terminal_as_it_was(relay: RelayProcess, tmp_path: Path) -> None:
    with ada(relay, tmp_path / "ada") as terminal:
        assert not terminal.echoes
        terminal.type("/leave\r")
        assert terminal.wait(START_S) == 0
        assert terminal.echoes
        assert PROMPT.rstrip() not in "\n".join(terminal.look())
