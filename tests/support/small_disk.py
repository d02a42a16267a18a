"""A small disk of its own, which can really be full. It takes the rights to mount one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

DISK_BYTES: Final = 131_072
BLOCK: Final = 1_024
"""So that nothing, however small, finds a place any more."""


class Disk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"

    def fill(self) -> None:
        with (self.folder / "filler").open("ab", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(BLOCK))

    def free(self) -> None:
        (self.folder / "filler").unlink()

    @property
    def free_bytes(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize


@contextmanager
def small_disk(folder: Path, size: int = DISK_BYTES) -> Iterator[Disk]:
    """A disk of `size` bytes at `folder`, which is made; the test is skipped where none can be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a disk of its own can't be made here: that takes root")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
