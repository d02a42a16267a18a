"""What a failing test leaves under `test-results/`: screenshots, logs, recordings.

Whatever a test starts registers how to keep what it knows; only for a test that fails is this done. What ends
before the test does (a browser in a `with` block of the test's own) keeps its part as the exception passes.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

RESULTS: Final = "test-results"
LONGEST_NAME: Final = 150
"""Characters; file systems take 255 bytes."""

Keep = Callable[[Path], object]


class Evidence:
    """What one test can show, and where it goes."""

    def __init__(self, root: Path, test: str) -> None:
        """`test` is its node id, as pytest prints it."""
        self.folder = (
            root / RESULTS / re.sub(r"[^\w.-]+", "-", test.removeprefix("tests/")).strip("-")[:LONGEST_NAME]
        )
        self._sources: list[tuple[str, Keep]] = []
        self._names: set[str] = set()
        shutil.rmtree(self.folder, ignore_errors=True)

    def register(self, name: str, keep: Keep) -> None:
        """Have `keep` called with a path that ends in this file name if the test fails."""
        self._sources.append((name, keep))

    def keep_now(self, name: str, keep: Keep) -> None:
        """Keep one thing, under a name of its own; what can't be kept any more is passed over."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / self._free(name)
        try:
            keep(path)
        except Exception as error:  # a browser that is gone must not hide why the test failed
            path.with_name(f"{path.name}.missing").write_text(f"{type(error).__name__}: {error}\n")

    def keep_all(self) -> list[Path]:
        """Keep all that is registered; returns every file that is there."""
        for name, keep in self._sources:
            self.keep_now(name, keep)
        self._sources.clear()
        return sorted(self.folder.iterdir()) if self.folder.exists() else []

    def _free(self, name: str) -> str:
        path, number = Path(name), 1
        while name in self._names:
            number += 1
            name = f"{path.stem}-{number}{path.suffix}"
        self._names.add(name)
        return name


_current: list[Evidence] = []
"""That of the test which runs; pytest runs one at a time in a process."""


def begin(root: Path, test: str) -> Evidence:
    _current[:] = [Evidence(root, test)]
    return _current[0]


def keep_on_failure(name: str, keep: Keep) -> None:
    """If the running test fails, call `keep` with the path under `test-results/` to write to.

    For example `keep_on_failure("wires.wav", recording.write_wav)`. Outside of a test, as in a benchmark,
    nothing is kept.
    """
    if _current:
        _current[0].register(name, keep)


def keep_now(name: str, keep: Keep) -> None:
    """As `keep_on_failure`, at once: for what ends while an exception passes."""
    if _current:
        _current[0].keep_now(name, keep)


def copy_of(source: Path) -> Keep:
    """Keeps a file as it is then."""
    return lambda target: shutil.copyfile(source, target)
