"""Files that outlive the relay: whole or not at all, whatever happens in the middle."""

import os
import resource
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from streamer.errors import SetupError
from streamer.relay.state_files import PendingFile, locked, read_file, write_file
from streamer.state_directory import own_authority, state_directory

KILLED_IN_THE_MIDDLE = """
import os, signal, sys
from pathlib import Path
from streamer.relay import state_files
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
state_files.write_file(Path(sys.argv[1]), b"new")
"""
HOLDS_THE_LOCK = """
import sys
from pathlib import Path
from streamer.relay.state_files import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_a_file_is_the_owner_s_alone_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "made/for/it/kept.json"
    write_file(path, b"one")
    write_file(path, b"two")
    assert read_file(path) == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(path.parent) == {"kept.json"}


def test_a_writer_killed_in_the_middle_changes_nothing_and_the_next_clears_up(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    write_file(path, b"old")
    assert subprocess.run([sys.executable, "-c", KILLED_IN_THE_MIDDLE, path]).returncode == -9
    assert read_file(path) == b"old"
    assert len(names(tmp_path)) == 2
    write_file(path, b"new")
    assert names(tmp_path) == {"kept"}


def test_what_waits_for_its_name_is_no_leftover(tmp_path: Path) -> None:
    pending = PendingFile(tmp_path / "kept", b"new")
    with locked(tmp_path):
        assert len(names(tmp_path)) == 1
    pending.commit()
    assert read_file(tmp_path / "kept") == b"new"


def test_what_is_discarded_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    write_file(tmp_path / "kept", b"old")
    PendingFile(tmp_path / "kept", b"new").discard()
    assert read_file(tmp_path / "kept") == b"old"
    assert names(tmp_path) == {"kept"}


def test_a_full_disk_leaves_the_file_as_it_was_and_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    write_file(path, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(SetupError, match="kept can't be written"):
            write_file(path, bytes(10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert read_file(path) == b"old"
    assert names(tmp_path) == {"kept"}


def test_another_process_waits_for_the_lock_and_says_so_when_it_takes_too_long(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS_THE_LOCK, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdin
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(SetupError, match="another relay has locked"), locked(tmp_path, patience_s=0.05):
            pass
        threading.Timer(0.1, other.stdin.close).start()
        with locked(tmp_path):
            pass


def test_one_process_may_take_the_lock_again(tmp_path: Path) -> None:
    with locked(tmp_path), locked(tmp_path):
        write_file(tmp_path / "kept", b"1")
    with locked(tmp_path, patience_s=0):
        assert read_file(tmp_path / "kept") == b"1"


@pytest.mark.parametrize("kind", ["directory", "link loop", "pipe", "endless"])
def test_what_is_no_file_is_refused_in_words_and_never_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "kept"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "endless" else path)
    with pytest.raises(SetupError, match=r"kept can't be read.*(move it away|remove this link)"):
        read_file(path)


@pytest.mark.parametrize("kind", ["kept", ""])
def test_a_directory_or_a_file_in_the_way_of_writing_is_said_in_words(tmp_path: Path, kind: str) -> None:
    directory = tmp_path / "state"
    if kind:
        (directory / kind).mkdir(parents=True)
    else:
        directory.write_text("no directory")
    with pytest.raises(SetupError, match=r"can't be .*move (it )?away"):
        write_file(directory / "kept", b"1")


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert read_file(tmp_path / "nothing") is None


def test_a_directory_that_is_named_goes_before_the_user_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert state_directory() == tmp_path / "streamer"
    assert state_directory(tmp_path / "other") == tmp_path / "other"


def test_without_a_home_the_remedy_is_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_, **__: "~/.local/share/streamer")
    with pytest.raises(SetupError, match="--data-dir"):
        state_directory()
    assert own_authority() is None


def test_an_authority_that_can_be_read_is_this_computer_s_own(tmp_path: Path) -> None:
    assert own_authority(tmp_path) is None
    write_file(tmp_path / "ca.pem", b"certificate")
    assert own_authority(tmp_path) == tmp_path / "ca.pem"
