"""The type checkers find a misspelt field of a message, and a message that a dispatcher forgets: in both
languages.

Each dispatcher is broken in a copy, in both ways at once; one run of a checker then has to find everything.
"""

import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[3]
TSC: Final = ROOT / "web/node_modules/.bin/tsc"
LONGEST_S: Final = 300

BEGINS: Final = re.compile(r"match message|switch \((?:message|order|report|state)\b")
CASE: Final = {
    ".py": re.compile(r'^ +case "\w+":\n(?: {16}.+\n)+', re.MULTILINE),
    ".js": re.compile(r'^ +case "\w+":\n(?:(?! *(?:case|default|\})).+\n)+', re.MULTILINE),
}
FIELD: Final = {
    ".py": re.compile(r'(message\[")(?!type")\w+(?="\])'),
    ".js": re.compile(r"(?<![\w.])((?:message|order|report)\.)(?!type\b)\w+"),
}
CHECKED: Final = {".py": re.compile(r"assert_never\(message\)"), ".js": re.compile(r"return unreachable\(")}


def broken(folder: Path, suffix: str) -> dict[str, tuple[int, int]]:
    """Break every file with a dispatcher; how many cases of each are forgotten, and how many fields
    misspelt."""
    found = [path for path in sorted(folder.rglob(f"*{suffix}")) if "node_modules" not in path.parts]
    checked = [path for path in found if CHECKED[suffix].search(path.read_text())]
    return {str(path.relative_to(folder.parent)): break_dispatchers(path) for path in checked}


def break_dispatchers(path: Path) -> tuple[int, int]:
    text = path.read_text()
    starts = [begin.start() for begin in BEGINS.finditer(text)]
    parts = [text[start:end] for start, end in pairwise([*starts, len(text)])]
    forgotten = fields = 0
    for at, part in enumerate(parts):
        without, cases = CASE[path.suffix].subn("", part, count=1)
        parts[at], misspelt = FIELD[path.suffix].subn(r"\1misspelt", without, count=1)
        assert cases == 1, f"{path}: {part}"
        forgotten, fields = forgotten + cases, fields + misspelt
    path.write_text(text[: starts[0]] + "".join(parts))
    return forgotten, fields


def said_of(command: list[str | Path], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    assert done.returncode, done.stdout + done.stderr
    return done.stdout


def count(said: str, file: str, words: str) -> int:
    return sum(line.startswith(file) and words in line for line in said.splitlines())


def test_mypy_finds_a_misspelt_field_and_a_forgotten_case(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "streamer", tmp_path / "streamer", ignore=shutil.ignore_patterns("*.so", "*.pyx", "*.c")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    files = broken(tmp_path / "streamer", ".py")
    assert len(files) >= 2, "the relay's dispatcher, and the desktop client's"
    command = [
        sys.executable,
        "-m",
        "mypy",
        f"--cache-dir={tmp_path / 'cache'}",
        "--no-error-summary",
        *files,
    ]
    said = said_of(command, tmp_path)
    for file, (forgotten, misspelt) in files.items():
        assert count(said, file, "has incompatible type") == forgotten, said
        assert count(said, file, 'has no key "misspelt"') == misspelt > 0, said


@pytest.mark.skipif(not TSC.exists(), reason="scripts/setup tests installs tsc")
def test_tsc_finds_a_misspelt_field_and_a_forgotten_case(tmp_path: Path) -> None:
    web = tmp_path / "web"
    shutil.copytree(ROOT / "web", web, ignore=shutil.ignore_patterns("node_modules"))
    (web / "node_modules").symlink_to(ROOT / "web/node_modules")
    files = broken(web, ".js")
    assert len(files) >= 4, "the page's two, the worker's, and the audio thread's"
    said = said_of([TSC, "--noEmit", "-p", web], tmp_path)
    for file, (forgotten, misspelt) in files.items():
        assert count(said, file, "is not assignable to parameter of type") == forgotten, said
        assert count(said, file, "'misspelt' does not exist") == misspelt > 0, said
