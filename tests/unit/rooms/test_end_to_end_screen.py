"""The relay's own screen, in a real terminal: its code is scanned, its keys are pressed."""

import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from audio_rig import wait_until
from processes import START_S, STREAMER, StreamerProcess
from sound import speech
from terminal import Terminal
from terminal_picture import codes_in
from test_wav_files import write

from streamer.audio_format import SAMPLE_RATE

SIZES = [(80, 24), (100, 30), (44, 14)]
each_way = pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "two workers"])
BROWSER = """#!/bin/sh
cp "$1" "$HOME/opened.html"
stat -c %a "$(dirname "$1")" > "$HOME/mode"
echo "$1" > "$HOME/path"
"""


@contextmanager
def served(home: Path, *options: str, columns: int = 100, rows: int = 30, **more: str) -> Iterator[Terminal]:
    environment = {"XDG_DATA_HOME": str(home), "DISPLAY": "", "WAYLAND_DISPLAY": "", **more}
    command = ("serve", "--host", "127.0.0.1", "--port", "0", *options)
    with Terminal(home, *command, columns=columns, rows=rows, environment=environment) as terminal:
        terminal.wait_for("nobody here yet", 4 * START_S)  # several processes take longer
        yield terminal


def link_on(terminal: Terminal) -> str:
    """What a phone reads from the screen."""
    found = codes_in(terminal.picture())
    assert len(found) == 1, "\n".join(terminal.look())
    return found[0]


def trusting(link: str) -> str:
    return link.replace("http:", "https:")


def member(
    home: Path, authority: Path, link: str, name: str, *more: str | Path, exit_code: int | None = 0
) -> StreamerProcess:
    kind = "talk" if "--input" in more else "listen"
    command = (kind, trusting(link), "--ca", authority, "--name", name, "--output", home / "heard.wav", *more)
    return StreamerProcess(home, *command, exit_code=exit_code)


@contextmanager
def served_with_grace(
    folder: Path, *options: str
) -> Iterator[tuple[Terminal, StreamerProcess, Callable[[str], StreamerProcess]]]:
    """Grace is in. The last is called with a name, for somebody who comes, too, however that ends."""
    home = folder / "relay"
    with served(home, *options) as terminal:
        link, authority = link_on(terminal), home / "streamer/ca.pem"
        with member(folder / "grace", authority, link, "Grace") as grace:
            terminal.wait_for("1 person")
            yield terminal, grace, lambda name: member(folder / name, authority, link, name, exit_code=None)


def has_joined(member: StreamerProcess) -> None:
    wait_until(lambda: "You are in home as" in member.log, START_S, member.complaint)


@pytest.mark.parametrize("is_light", [False, True], ids=["dark", "light"])
@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_a_phone_reads_the_code_from_the_screen(
    tmp_path: Path, columns: int, rows: int, is_light: bool
) -> None:
    with served(tmp_path, columns=columns, rows=rows) as terminal:
        (link,) = codes_in(terminal.picture(is_light=is_light))
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/#room=home&key=[\w-]{22}", link)
        assert "nobody here yet" in terminal.look()[-1]


@pytest.mark.parametrize(
    "colours", [{"TERM": "xterm"}, {"NO_COLOR": "1"}, {"COLORTERM": "truecolor"}], ids=str
)
def test_the_code_is_black_on_white_however_many_colours_there_are(
    tmp_path: Path, colours: dict[str, str]
) -> None:
    with served(tmp_path, columns=80, rows=24, **colours) as terminal:
        assert codes_in(terminal.picture(is_light=True)) == codes_in(terminal.picture()) != []


def test_after_the_window_has_changed_its_size_the_code_is_whole_again(tmp_path: Path) -> None:
    with served(tmp_path, columns=100, rows=30) as terminal:
        link = link_on(terminal)
        for columns, rows in ((44, 14), (80, 24)):
            terminal.resize(columns, rows)
            wait_until(
                lambda: codes_in(terminal.picture()) == [link], START_S, lambda: "\n".join(terminal.look())
            )
            assert "nobody here yet" in terminal.look()[-1]


def test_the_keys_hide_the_code_show_the_next_room_and_quit(tmp_path: Path) -> None:
    with served(tmp_path, "--room", "kitchen", "--room", "garage") as terminal:
        assert "room=kitchen&" in link_on(terminal)
        terminal.type("r")
        wait_until(lambda: "room=garage&" in link_on(terminal), START_S, lambda: "\n".join(terminal.look()))
        terminal.type("c")
        terminal.wait_for("c show the code")
        assert codes_in(terminal.picture()) == []
        terminal.type("c")
        terminal.wait_for("c  hide the code")
        assert "room=garage&" in link_on(terminal)
        terminal.type("q")
        assert terminal.wait(START_S) == 0
        assert terminal.echoes
        assert terminal.shows_cursor
        assert codes_in(terminal.picture()) == []
        assert "Traceback" not in "\n".join(terminal.look())


def test_the_live_line_shows_who_is_here_who_talks_and_how_late(tmp_path: Path) -> None:
    home = tmp_path / "relay"
    write(tmp_path / "speech.wav", np.tile(speech(), 20), SAMPLE_RATE)
    with served(home) as terminal:
        link, authority = link_on(terminal), home / "streamer/ca.pem"
        with member(tmp_path / "grace", authority, link, "Grace"):
            terminal.wait_for("home · 1 person")
            with member(tmp_path / "ada", authority, link, "Ada", "--input", tmp_path / "speech.wav"):
                terminal.wait_for("2 people · Ada talks")
                assert re.search(r"worst delay to here: Ada, \d+ ms$", terminal.wait_for("worst delay")[-1])
            wait_until(lambda: terminal.look()[-1] == "home · 1 person", START_S, lambda: terminal.look()[-1])


@each_way
def test_the_host_locks_the_room_at_the_screen_and_everybody_hears_of_it(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    with served_with_grace(tmp_path, *options) as (terminal, grace, newcomer):
        terminal.type("l")
        terminal.wait_for("1 person · locked")
        wait_until(lambda: "The host has locked the room" in grace.log, START_S, grace.complaint)
        with newcomer("Eve") as eve:
            wait_until(lambda: "locked this room" in eve.log, START_S, eve.complaint)
        terminal.type("l")
        wait_until(lambda: "The host has opened the room again" in grace.log, START_S, grace.complaint)


@each_way
def test_q_asks_once_before_it_sends_people_away(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    with served_with_grace(tmp_path, *options) as (terminal, grace, _):
        terminal.type("q")
        terminal.wait_for("Press q again to disconnect them and quit")
        grace.check_running()
        terminal.type("q")
        assert terminal.wait(START_S) == 0


@each_way
def test_a_new_invitation_is_on_the_screen_at_once(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    home = tmp_path / "relay"
    with served(home, *options, rows=60) as terminal:
        before = link_on(terminal)
        shown = "\n".join(terminal.look())
        host_link = re.findall(r"https://\S+#room=\S+", shown[shown.index("Keep it to yourself") :])[0]
        command = ("listen", host_link, "--ca", home / "streamer/ca.pem", "--output", tmp_path / "heard.wav")
        with Terminal(tmp_path / "host", *command) as host:
            host.wait_for("You are in home")
            host.type("/invite\r")
            wait_until(lambda: link_on(terminal) != before, START_S, lambda: "\n".join(terminal.look()))


def test_on_a_desktop_the_code_opens_in_the_browser_from_a_file_that_nobody_else_can_read(
    tmp_path: Path,
) -> None:
    browser = tmp_path / "bin/xdg-open"
    browser.parent.mkdir()
    browser.write_text(BROWSER)
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    home = tmp_path / "relay"
    path = f"{browser.parent}:/usr/bin:/bin"
    with served(home, DISPLAY=":99", PATH=path) as terminal:
        assert "o  open in the browser" in "\n".join(terminal.look())
        link = link_on(terminal)
        terminal.type("o")
        wait_until((home / "path").exists, START_S, lambda: "\n".join(terminal.look()))
        page = (home / "opened.html").read_text()
        assert "<svg" in page
        assert link.replace("&", "&amp;") in page
        assert (home / "mode").read_text().strip() == "700"
    opened = Path((home / "path").read_text().strip())
    wait_until(lambda: not opened.exists(), START_S, lambda: f"{opened} is still there")


def test_without_a_desktop_nothing_offers_a_browser(tmp_path: Path) -> None:
    with served(tmp_path) as terminal:
        assert "browser" not in "\n".join(terminal.look())


def test_plain_prints_lines_and_the_code_and_draws_nothing_again(tmp_path: Path) -> None:
    environment = {"XDG_DATA_HOME": str(tmp_path)}
    command = ("serve", "--host", "127.0.0.1", "--port", "0", "--plain")
    with Terminal(tmp_path, *command, columns=100, rows=60, environment=environment) as terminal:
        rows = terminal.wait_for("Stop with Ctrl-C")
        assert "nobody here yet" not in "\n".join(rows)
        assert terminal.echoes
        assert terminal.shows_cursor


def test_a_terminal_that_takes_nothing_holds_nobody_up(tmp_path: Path) -> None:
    home = tmp_path / "relay"
    with served(home) as terminal:
        link, authority = link_on(terminal), home / "streamer/ca.pem"
        terminal.type("\x13")  # Ctrl-S
        for name in ("Grace", "Joan"):
            with member(tmp_path / name, authority, link, name) as there:
                has_joined(there)
        terminal.type("\x11")  # Ctrl-Q
        terminal.wait_for("nobody here yet")


def test_an_error_that_is_logged_stands_above_the_code_and_leaves_it_whole(tmp_path: Path) -> None:
    home = tmp_path / "relay"
    with served(home, rows=60) as terminal:
        link = link_on(terminal)
        (home / "streamer/admission.json").write_text("{")
        (home / "streamer/ca.pem").write_text("nothing")
        terminal.wait_for("ca.pem")
        assert link_on(terminal) == link


@pytest.mark.parametrize("end", ["\x03", "\x1c"], ids=["Ctrl-C", "Ctrl-backslash"])
def test_however_it_is_ended_the_terminal_is_as_it_was(tmp_path: Path, end: str) -> None:
    with served(tmp_path) as terminal:
        terminal.type(end)
        assert terminal.wait(START_S) == 0
        assert terminal.echoes
        assert terminal.shows_cursor
        assert "Traceback" not in "\n".join(terminal.look())


def test_the_shell_gets_its_terminal_while_the_relay_is_stopped_and_the_code_comes_back(
    tmp_path: Path,
) -> None:
    environment = {"XDG_DATA_HOME": str(tmp_path), "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    with Terminal(
        tmp_path, "--norc", "--noprofile", "-i", program="bash", rows=30, environment=environment
    ) as shell:
        shell.type(f"PS1='$ '; {STREAMER} serve --host 127.0.0.1 --port 0\r")
        shell.wait_for("nobody here yet")
        shell.type("\x1a")
        shell.wait_for("Stopped")
        shell.type("echo hel")
        shell.type("lo-$((40 + 2))\r")
        shell.wait_for("hello-42")
        assert codes_in(shell.picture()) == []
        shell.type("fg\r")
        shell.wait_for("nobody here yet")
        assert len(codes_in(shell.picture())) == 1
        shell.type("q")
        wait_until(lambda: shell.look()[-1].startswith("$"), START_S, lambda: "\n".join(shell.look()))
