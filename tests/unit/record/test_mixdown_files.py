"""A recording's folder that somebody else has filled: what is in it is no file of it until it is looked
at."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from streamer.cli import main
from streamer.errors import AudioError, SetupError
from streamer.record import mixdown as mixing


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_link_in_circles(path: Path) -> None:
    path.symlink_to(path)


def a_link_elsewhere(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def a_folder(path: Path) -> None:
    path.mkdir()


ODD = [a_pipe, a_device, a_link_in_circles, a_link_elsewhere, a_folder]


def session(folder: Path, *tracks: dict[str, object]) -> None:
    (folder / "session.json").write_text(json.dumps({"tracks": tracks}))


@pytest.mark.parametrize("make", ODD)
def test_a_session_that_is_no_file_is_refused_in_words_and_never_waited_for(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    make(tmp_path / "session.json")
    done = CliRunner().invoke(main, ["mixdown", str(tmp_path)])
    assert done.exit_code == 1
    assert "can't be read" in done.stderr
    assert "root:" not in done.stderr


@pytest.mark.parametrize("make", ODD)
def test_a_track_that_is_no_file_of_the_folder_is_none(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "01-Ada.opus")
    session(tmp_path, {"name": "Ada", "file": "01-Ada.opus"})
    with pytest.raises(SetupError, match="holds no sound"):
        mixing.mixdown(tmp_path, tmp_path / "all.opus", {})


def test_one_file_is_one_track_however_often_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.opus").write_bytes(b"OggS")
    session(tmp_path, *({"name": f"{number}", "file": f"../{number}/a.opus"} for number in range(1_000)))
    assert len(mixing.tracks_of(tmp_path)) == 1


@pytest.mark.parametrize("name", ["\ud800", "a\0b", "\x1b[2J", "-i", "a\nb"])
def test_a_name_that_no_program_takes_is_refused_in_words_at_most(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.opus").write_bytes(b"OggS")
    session(tmp_path, {"name": name, "file": "a.opus"})
    with pytest.raises((AudioError, SetupError)):
        mixing.mixdown(tmp_path, tmp_path / "all.mka", {})
