"""scripts/setup, stopped at any moment: the next run repairs what is half done. What it calls stands in
(set_up/)."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from audio_rig import wait_until

ROOT = Path(__file__).parents[3]
STAND_INS = ROOT / "tests/support/set_up/stand_ins.py"
PROGRAMS = ("python3", "npm", "node", "dpkg-query", "dpkg", "apt-get", "sudo")
MOMENTS = ("venv", "pip", "cythonize", "gcc", "editable", "npm")
LONGEST_S = 60
NOTHING = "setup: nothing is missing\n"


class Checkout:
    """A small checkout of its own, with the real scripts/setup."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("scripts/setup", "scripts/constraints.txt", "pyproject.toml", "web/package-lock.json"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        for name in ("websocket/first.pyx", "websocket/second.pyx", "jitter/third.pyx"):
            (folder / "streamer" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "streamer" / name).write_text(f"# {name}\n" * 50)
        (folder / "missing").write_text("")
        self._commands = folder / "commands"
        self._commands.mkdir()
        for program in PROGRAMS:
            command = self._commands / program
            command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_INS}" {program} "$@"\n')
            command.chmod(0o755)

    def start(self, **environment: str) -> subprocess.Popen[str]:
        path = f"{self._commands}:/usr/bin:/bin"
        return subprocess.Popen(
            [self.folder / "scripts/setup"],
            env={"PATH": path, "TMPDIR": str(self.folder), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, code: int = 0, **environment: str) -> str:
        """What it prints."""
        process = self.start(**environment)
        output, _ = process.communicate(timeout=LONGEST_S)
        assert process.returncode == code, output
        return output

    def halt(self, moment: str) -> subprocess.Popen[str]:
        """A set-up that writes a file, and is half-way through."""
        process = self.start(HALT_AT=moment)
        wait_until((self.folder / "halted").exists, LONGEST_S, lambda: f"{moment} is not reached")
        (self.folder / "halted").unlink()
        return process

    @property
    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def contents(self) -> dict[str, str]:
        """Every file that a set-up has to bring, with what is in it."""
        kept = (".py", ".pth", ".js", ".c", ".so", ".pyx", "RECORD")
        files = (path for top in (".venv", "streamer", "web") for path in (self.folder / top).rglob("*"))
        return {
            str(path.relative_to(self.folder)): path.read_text() for path in files if path.name.endswith(kept)
        }


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a set-up leaves that nobody disturbed."""
    undisturbed = Checkout(tmp_path_factory.mktemp("undisturbed") / "checkout")
    undisturbed.run()
    return undisturbed.contents


def check_whole(checkout: Checkout, whole: dict[str, str]) -> None:
    """All is there as if nothing had happened, and nothing is left to do."""
    assert checkout.contents == whole
    before = checkout.calls
    assert checkout.run() == NOTHING
    assert checkout.calls == before


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_after_an_interruption_the_next_run_repairs_what_is_half_done(
    moment: str, how: signal.Signals, checkout: Checkout, whole: dict[str, str]
) -> None:
    process = checkout.halt(moment)
    os.killpg(process.pid, how)
    output, _ = process.communicate(timeout=LONGEST_S)
    assert process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL)
    assert ("the next run repairs" in output) == (how == signal.SIGINT)
    checkout.run()
    check_whole(checkout, whole)


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_update_that_is_interrupted_is_repaired_as_well(
    moment: str, checkout: Checkout, whole: dict[str, str]
) -> None:
    checkout.run()
    stamps = [*checkout.folder.rglob(".installed-*")]
    for name in ("pyproject.toml", "web/package-lock.json", "streamer/websocket/first.pyx"):
        os.utime(checkout.folder / name)
    if moment in ("venv", "pip"):
        shutil.rmtree(checkout.folder / ".venv/bin")
    if moment == "gcc":
        (checkout.folder / "streamer/websocket/second.c").write_text("")
    process = checkout.halt(moment)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=LONGEST_S)
    assert not all(stamp.exists() for stamp in stamps)
    checkout.run()
    check_whole(checkout, whole)


@pytest.mark.parametrize(
    "damage",
    [
        "rm -r .venv/bin",
        "rm .venv/bin/python",
        "rm .venv/pyvenv.cfg",
        "rm -r .venv/lib/python*/site-packages/pip",
        "rm .venv/lib/python*/site-packages/Cython/Build/Cythonize.py",
        "rm .venv/lib/python*/site-packages/Cython-1.dist-info/RECORD",
        "cd .venv/lib/python*/site-packages; mkdir ./~ython; touch ./~ython/half",
        "truncate --size=20 streamer/websocket/first.*.so",
        "truncate --size=0 streamer/jitter/third.*.so",
        "truncate --size=20 streamer/websocket/second.c",
        "rm -r web/node_modules/second",
        "truncate --size=2 web/node_modules/first/index.js",
        "rm -r web/node_modules",
    ],
)
def test_what_is_broken_behind_its_back_is_repaired(
    damage: str, checkout: Checkout, whole: dict[str, str]
) -> None:
    checkout.run()
    subprocess.run(["sh", "-ec", damage], cwd=checkout.folder, check=True)
    checkout.run()
    check_whole(checkout, whole)


def test_what_was_compiled_of_a_module_that_moved_is_removed(checkout: Checkout) -> None:
    checkout.run()
    hot = checkout.folder / "streamer/websocket"
    (hot / "first.pyx").rename(checkout.folder / "streamer/jitter/first.pyx")
    checkout.run()
    assert {path.name.split(".")[0] for path in hot.iterdir()} == {"second"}
    assert [*checkout.folder.glob("streamer/jitter/first.*.so")]


def test_a_set_up_waits_for_what_a_killed_one_left_running(checkout: Checkout, whole: dict[str, str]) -> None:
    process = checkout.halt("npm")
    process.kill()  # the script alone: npm goes on
    second = checkout.start()
    assert second.stdout is not None
    assert "waiting for it" in second.stdout.readline()
    (checkout.folder / "go").touch()
    second.communicate(timeout=LONGEST_S)
    process.communicate(timeout=LONGEST_S)
    assert second.returncode == 0
    check_whole(checkout, whole)


def test_packages_that_dpkg_left_half_installed_are_finished(checkout: Checkout) -> None:
    (checkout.folder / "missing").write_text("gcc libopus0")
    process = checkout.halt("apt-get")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=LONGEST_S)
    checkout.run()
    at_last = [call.split()[0] for call in checkout.calls if call.startswith(("dpkg", "apt-get"))][-3:]
    assert at_last == ["dpkg", "apt-get", "apt-get"]
    assert checkout.run() == NOTHING


def test_it_says_what_it_does_and_did_and_no_warning(checkout: Checkout) -> None:
    (checkout.folder / "missing").write_text("gcc")
    output = checkout.run()
    assert not re.search("warn|ignored|delaying", output, re.IGNORECASE), output
    steps = re.findall(r"^setup: (.*)$", output, re.MULTILINE)
    assert [step.split()[0] for step in steps] == [
        *("finishing", "asking", "installing"),
        *("making", "installing", "translating", "compiling"),
        *("installing", "all"),
    ]
    reported = re.findall(r"^ +\d+ s  (.*)$", output, re.MULTILINE)
    assert reported == steps[:-1]


@pytest.mark.parametrize(
    ("program", "advice"), [("pip", "pip download"), ("npm", "npm ping"), ("python3", "-m venv")]
)
def test_a_step_that_fails_shows_the_error_and_says_what_to_do(
    program: str, advice: str, checkout: Checkout
) -> None:
    output = checkout.run(code=1, FAIL_AT=program)
    assert "ERROR: No matching distribution found for streamer" in output
    assert advice in output
    checkout.run()
    assert checkout.run() == NOTHING
