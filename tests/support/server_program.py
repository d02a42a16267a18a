"""Servers that tests start: they are there when they say so, or the test fails with what they have
written."""

import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from evidence import copy_of, keep_on_failure

START_S = 30.0


class ServerProgram(ABC):
    """Runs for as long as the block lasts; its log is kept where the test fails."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def __enter__(self) -> Self:
        keep_on_failure(self._log.name, copy_of(self._log))
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def stop(self) -> None: ...

    def _begin(self, command: Sequence[str], is_ready: Callable[[], bool]) -> None:
        """Returns when it is ready; what it writes is put behind what is in the log."""
        assert self._process is None
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        end = time.monotonic() + START_S
        try:
            while not is_ready():
                assert self._process.poll() is None, self.log
                assert time.monotonic() < end, self.log
                time.sleep(0.01)
        except BaseException:
            self.stop()
            raise


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
