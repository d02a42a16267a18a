"""A failing test tells what it takes to look into it: how the machine ran, what was kept, and how to run it
alone."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

TESTS = Path(__file__).parents[2]
LONGEST_S = 120
FAILING = '''
from pathlib import Path

import pytest
from evidence import keep_on_failure


def test_that_fails():
    keep_on_failure("wires.wav", lambda path: path.write_bytes(b"RIFF"))
    keep_on_failure("wires.wav", lambda path: path.write_bytes(b"RIFF"))
    keep_on_failure("gone.log", lambda path: path.write_bytes(Path("/nowhere").read_bytes()))
    assert [1, 2] == [1, 3]


def test_that_passes():
    keep_on_failure("wires.wav", lambda path: path.write_bytes(b"RIFF"))


def test_whose_relay_fails(relay):
    assert relay.healthz()["status"] == "unwell"


@pytest.mark.browser
def test_whose_pages_fail(rig, relay, phones):
    for member in range(2):
        phone = phones.start(rig, member, relay.authority).open(relay.link)
    assert phone.page.get_by_role("button", name="Fly").count() == 1
'''


class Outcome(NamedTuple):
    output: str
    kept: list[str]
    folder: Path


def run(folder: Path, test: str) -> Outcome:
    """Run one of the tests above, in a folder of its own with our conftest."""
    (folder / "test_on_purpose.py").write_text(FAILING)
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-c", os.devnull, f"--rootdir={folder}"]
    done = subprocess.run(
        [*command, f"test_on_purpose.py::{test}"],
        env={
            **os.environ,
            "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS / 'support'}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode == int(test != "test_that_passes"), done.stdout + done.stderr
    kept = re.search(r"^kept: (.*)$", done.stdout, re.MULTILINE)
    results = folder / f"test-results/test_on_purpose.py-{test}"
    return Outcome(done.stdout, [Path(name).name for name in kept[1].split(", ")] if kept else [], results)


def test_a_failure_says_what_was_expected_what_is_kept_and_how_to_run_it_alone(tmp_path: Path) -> None:
    outcome = run(tmp_path, "test_that_fails")
    assert "assert [1, 2] == [1, 3]" in outcome.output
    assert "alone: scripts/test 'test_on_purpose.py::test_that_fails'" in outcome.output
    assert outcome.kept == ["gone.log.missing", "wires-2.wav", "wires.wav"]
    assert {path.name for path in outcome.folder.iterdir()} == {*outcome.kept}


def test_a_test_that_passes_leaves_nothing_and_removes_what_it_left_when_it_failed(tmp_path: Path) -> None:
    stale = tmp_path / "test-results/test_on_purpose.py-test_that_passes"
    stale.mkdir(parents=True)
    outcome = run(tmp_path, "test_that_passes")
    assert outcome.kept == []
    assert not stale.exists()


def test_of_a_relay_the_log_is_kept(tmp_path: Path) -> None:
    outcome = run(tmp_path, "test_whose_relay_fails")
    assert outcome.kept == ["serve.log"]
    assert "Stop with Ctrl-C" in (outcome.folder / "serve.log").read_text()


@pytest.mark.browser
def test_of_pages_there_are_pictures_and_how_the_machine_ran_is_said(tmp_path: Path) -> None:
    outcome = run(tmp_path, "test_whose_pages_fail")
    assert {"phone-0.png", "phone-1.png", "serve.log"} <= {*outcome.kept}
    assert (outcome.folder / "phone-1.png").read_bytes().startswith(b"\x89PNG")
    assert re.search(r"^machine: .*stolen by the host", outcome.output, re.MULTILINE)
