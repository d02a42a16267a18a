"""An output in any encoding: no text ends the program, and what can't be shown is replaced."""

import io
import os
import re
import subprocess
from pathlib import Path

import pytest
from processes import STREAMER, RelayProcess

from streamer.printing import PLAIN

ENCODINGS = ["cp1252", "ascii", "latin-1", "cp437", "utf-8"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_serve_shows_its_links_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    with Encoded(tmp_path, encoding) as relay:
        assert f"{relay.origin}/#room=home" in relay.log
        assert "Traceback" not in relay.log


@pytest.mark.parametrize("options", [[], ["--no-tls"]])
def test_what_looks_for_the_way_in_to_talk_finds_no_link_for_listeners(
    tmp_path: Path, options: list[str]
) -> None:
    """Other programs take `#room=NAME&key=KEY` out of what `serve` prints."""
    with RelayProcess(tmp_path, "--room", "home", "--room", "Küche", *options) as relay:
        found = re.findall(r"/#room=([^&\s]+)&key=([\w-]+)", relay.log)
        listening = re.findall(r"/#room=([^&\s]+)&listen&key=([\w-]+)", relay.log)
        assert [room for room, _ in listening] == ["home", "K%C3%BCche"]
        assert {key for _, key in found[:-1]} == set(relay.links.talking_keys.values())
        assert relay.links.host.endswith(found[-1][1])


class Encoded(RelayProcess):
    """A relay that prints in another encoding."""

    def __init__(self, home: Path, encoding: str) -> None:
        super().__init__(home)
        self._environment |= {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}

    def __exit__(self, *_: object) -> None:
        self.interrupt()  # how long that takes is not asked here: the machine may be busy


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "command", [["doctor", "--port", "0"], ["serve", "--help"], ["serve", "--room", "日本 ü \U0001f600"]]
)
def test_every_command_prints_in_every_encoding(tmp_path: Path, encoding: str, command: list[str]) -> None:
    environment = {
        **os.environ,
        "XDG_DATA_HOME": str(tmp_path),
        "PYTHONIOENCODING": encoding,
        "PYTHONUTF8": "0",
    }
    done = subprocess.run([STREAMER, *command], env=environment, capture_output=True, timeout=120)
    assert b"Traceback" not in done.stderr
    assert b"UnicodeEncodeError" not in done.stderr
    assert done.stdout + done.stderr


def test_marks_are_told_apart_where_they_can_not_be_shown() -> None:
    shown = io.BytesIO()
    stream = io.TextIOWrapper(shown, encoding="ascii", errors=PLAIN)
    print("✓ ✗ → “a” … Jürgen \udcff", file=stream, flush=True)
    assert shown.getvalue() == b'+ x -> "a" ... J?rgen ?\n'
