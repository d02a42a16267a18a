"""`scripts/test` leaves nothing running: after Ctrl-C, its parent's death, or a command that leaves
processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from audio_rig import wait_until

LEASH = Path(__file__).parents[2] / "support/leash.py"
LONGEST_S = 60
STARTS = """
setsid sleep 1000 & echo $! >orphan
(setsid sh -c 'trap "" TERM INT; echo $$ >deaf; sleep 1000' &)
until [ -s orphan ] && [ -s deaf ]; do sleep 0.05; done
"""
"""One that left its session, and one that hears neither Ctrl-C nor SIGTERM and whose parent is gone."""


def start(folder: Path, script: str, *before: str) -> subprocess.Popen[str]:
    command = [*before, sys.executable, str(LEASH), "a part", "sh", "-c", STARTS + script]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def started(folder: Path) -> list[int]:
    """The process ids of what the script leaves, once it is there."""
    files = [folder / "orphan", folder / "deaf"]

    def are_written() -> bool:
        return all(file.exists() and file.read_text().strip() for file in files)

    wait_until(are_written, LONGEST_S, lambda: "the script did not start")
    return [int(file.read_text()) for file in files]


def gone(pids: list[int]) -> bool:
    def runs(pid: int) -> bool:
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return not any(runs(pid) for pid in pids)


@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM])
def test_after_an_interrupt_nothing_runs_on(tmp_path: Path, interrupt: signal.Signals) -> None:
    process = start(tmp_path, "exec sleep 1000")
    left = started(tmp_path)
    process.send_signal(interrupt)
    process.communicate(timeout=LONGEST_S)
    assert process.returncode == 128 + signal.SIGINT
    assert gone(left)


def test_a_part_that_takes_too_long_is_ended_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMER_TEST_LIMIT_S", "1")
    process = start(tmp_path, "exec sleep 1000")
    _, errors = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 128 + signal.SIGINT
    assert "not finished after 1 s" in errors


def test_after_its_parent_was_killed_nothing_runs_on(tmp_path: Path) -> None:
    parent = start(tmp_path, "exec sleep 1000", "sh", "-c", '"$@"; true', "sh")
    left = started(tmp_path)
    leash = [child.pid for child in psutil.Process(parent.pid).children()]
    parent.kill()
    parent.communicate(timeout=LONGEST_S)
    wait_until(lambda: gone([*left, *leash]), LONGEST_S, lambda: "something runs on")


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 5", 5), ("kill -9 $$", 128 + signal.SIGKILL)]
)
def test_what_a_command_leaves_is_ended_and_named_and_its_exit_code_passed_on(
    tmp_path: Path, script: str, code: int
) -> None:
    process = start(tmp_path, script)
    _, errors = process.communicate(timeout=LONGEST_S)
    assert process.returncode == code
    assert "ending what was left running: " in errors
    assert gone(started(tmp_path))


def test_the_summary_states_wall_time_processor_time_and_load(tmp_path: Path) -> None:
    busy = [sys.executable, "-c", "import time\nwhile time.process_time() < 0.6: pass"]
    environment = {**os.environ, "STREAMER_TEST_SUMMARY": str(tmp_path / "summary")}
    subprocess.run(
        [sys.executable, str(LEASH), "a part", *busy], env=environment, check=True, timeout=LONGEST_S
    )
    line = (tmp_path / "summary").read_text()
    wall, processor = (float(line.split()[place]) for place in (0, 2))
    assert wall >= processor - 1 >= 0
    assert line.rstrip().endswith("a part")
