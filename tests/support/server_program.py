"""Servers that tests start: they are there when they say so, or the test fails with what they have written."""

import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

START_S = 30.0


def start(command: Sequence[str], log: Path, is_ready: Callable[[], bool]) -> "subprocess.Popen[bytes]":
    """Returns when it is ready; what it writes is put behind what is in `log`."""
    with log.open("ab") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    end = time.monotonic() + START_S
    try:
        while not is_ready():
            assert process.poll() is None, text_of(log)
            assert time.monotonic() < end, text_of(log)
            time.sleep(0.01)
    except BaseException:
        process.kill()
        process.wait(START_S)
        raise
    return process


def text_of(log: Path) -> str:
    return log.read_text(errors="replace") if log.exists() else ""


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
