"""Somebody types at a terminal while meters are drawn there and news come."""

import os
import re
import signal
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from audio_rig import wait_until
from processes import START_S, STREAMER, RelayProcess, StreamerProcess
from sound import speech
from terminal import Terminal
from test_wav_files import write

from streamer.audio_format import SAMPLE_RATE

REDRAWS_S = 1.5
ONE_REDRAW_S = 20
"""On a busy machine one may be seen half done, and the next comes late."""
PROMPT = "› "
PATIENCE_S = 60

SLOW_S = 60
SLOW_LOOK_UP = f"""
import pathlib, socket, time
real = socket.getaddrinfo
def getaddrinfo(host, *rest, **more):
    if host == "nowhere.invalid":
        pathlib.Path(__file__).with_name("looking").touch()
        time.sleep({SLOW_S})
    return real(host, *rest, **more)
socket.getaddrinfo = getaddrinfo
"""


@contextmanager
def ada(relay: RelayProcess, home: Path, **size: int) -> Iterator[Terminal]:
    command = ("listen", relay.link, "--ca", relay.authority, "--name", "Ada", "--output", home / "heard.wav")
    with Terminal(home, *command, **size) as terminal:
        terminal.wait_for("You are in home as Ada")
        yield terminal


def another(relay: RelayProcess, home: Path, name: str = "Grace") -> StreamerProcess:
    command = (
        "listen",
        relay.join_link,
        "--ca",
        relay.authority,
        "--name",
        name,
        "--output",
        home / "heard.wav",
    )
    return StreamerProcess(home, *command)


def stays_whole(terminal: Terminal, typed: str) -> None:
    """Whatever is drawn above it, what is typed is the last row."""
    end = monotonic() + REDRAWS_S
    while monotonic() < end:
        wait_until(
            lambda: terminal.look()[-1] == PROMPT + typed, ONE_REDRAW_S, lambda: "\n".join(terminal.look())
        )


def test_a_line_that_is_being_typed_stays_whole_and_arrives_whole(
    relay: RelayProcess, tmp_path: Path
) -> None:
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


def test_in_a_small_terminal_the_meters_make_room_for_what_is_typed(
    relay: RelayProcess, tmp_path: Path
) -> None:
    with ada(relay, tmp_path / "ada", columns=40, rows=10) as terminal:
        terminal.type("a line that is longer than forty columns are")
        with another(relay, tmp_path / "a", "Grace"), another(relay, tmp_path / "b", "Joan"):
            relay.wait_for_members(3)
            stays_whole(terminal, "that is longer than forty columns are")
            terminal.type("\x01\x1b[C\x1b[C")
            terminal.wait_for(PROMPT + "a line that is longer than forty colum")


def test_somebody_who_leaves_finds_the_terminal_as_it_was(relay: RelayProcess, tmp_path: Path) -> None:
    with ada(relay, tmp_path / "ada") as terminal:
        assert not terminal.echoes
        terminal.type("/leave\r")
        assert terminal.wait(START_S) == 0
        assert terminal.echoes
        assert PROMPT.rstrip() not in "\n".join(terminal.look())


def test_in_the_background_it_leaves_the_shell_alone_and_comes_back_to_the_foreground(
    relay: RelayProcess, tmp_path: Path
) -> None:
    heard = f"--ca {relay.authority} --name Ada --output {tmp_path}/heard.wav"
    with Terminal(tmp_path, "--norc", "--noprofile", "-i", program="bash") as shell:
        shell.type(f"PS1='$ '; {STREAMER} listen '{relay.link}' {heard} &\r")
        relay.wait_for_members(1)
        shell.type("echo hel")
        shell.wait_for("echo hel", PATIENCE_S)
        shell.type("lo-$((40 + 2))\r")
        shell.wait_for("hello-42", PATIENCE_S)
        shell.type("jobs\r")
        assert "Stopped" not in "\n".join(shell.wait_for("Running", PATIENCE_S))
        assert relay.healthz()["members"] == 1
        shell.type("fg\r")
        shell.wait_for(PROMPT.rstrip(), PATIENCE_S)
        shell.type("back again")
        shell.wait_for(PROMPT + "back again", PATIENCE_S)
        shell.type("\x1a")  # Ctrl-Z
        shell.wait_for("Stopped", PATIENCE_S)
        shell.type("bg\recho hel")
        shell.type("lo-$((40 + 3))\r")
        shell.wait_for("hello-43", PATIENCE_S)
        shell.type("kill %1; wait\r")
        relay.wait_for_members(0)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
def test_whatever_ends_it_the_terminal_is_as_it_was(
    relay: RelayProcess, tmp_path: Path, end: signal.Signals
) -> None:
    with ada(relay, tmp_path / "ada") as terminal:
        wait_until(lambda: not terminal.echoes, PATIENCE_S, lambda: "the terminal still echoes")
        os.kill(terminal.pid, end)
        terminal.wait(PATIENCE_S)
        assert terminal.echoes
        assert "Traceback" not in "\n".join(terminal.look())


def test_ctrl_c_ends_it_at_once_while_a_name_server_does_not_answer(tmp_path: Path) -> None:
    """A program that looks names up as slowly as a resolver whose servers are gone."""
    slow = tmp_path / "sitecustomize.py"
    slow.write_text(SLOW_LOOK_UP)
    variables = {**os.environ, "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}
    command = [STREAMER, "listen", "https://nowhere.invalid/#room=home", "--output", tmp_path / "heard.wav"]
    process = subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True)
    wait_until((tmp_path / "looking").exists, PATIENCE_S, lambda: "it does not look the name up")
    began = monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert monotonic() - began < SLOW_S / 2
    assert "Traceback" not in errors


def test_with_push_to_talk_nobody_is_heard_until_the_key_is_held(relay: RelayProcess, tmp_path: Path) -> None:
    write(tmp_path / "speech.wav", np.tile(speech(), 40), SAMPLE_RATE)
    command = ("talk", relay.join_link, "--name", "Ada", "--input", tmp_path / "speech.wav", "--ptt", "space")
    with (
        another(relay, tmp_path / "grace") as grace,
        Terminal(tmp_path, *command, environment={"XDG_DATA_HOME": str(relay.home)}) as terminal,
    ):
        terminal.wait_for("hold space to talk")
        relay.wait_for_members(2)
        assert packets_at(relay) == 0
        end = monotonic() + PATIENCE_S
        while packets_at(relay) < 20:
            assert monotonic() < end, "\n".join(terminal.look())
            terminal.type(" ")
        terminal.wait_for("hold space to talk")
        terminal.type("no gap\r")
        wait_until(lambda: "Ada: no gap" in grace.log, START_S, grace.complaint)


def packets_at(relay: RelayProcess) -> int:
    context = ssl.create_default_context(cafile=str(relay.authority))
    with urllib.request.urlopen(f"{relay.origin}/metrics", timeout=5, context=context) as answer:
        found = re.search(r"^streamer_packets_in_total (\d+)", answer.read().decode(), re.MULTILINE)
    assert found
    return int(found[1])
