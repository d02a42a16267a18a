"""A real NATS server with JetStream, Debian's, on a port of its own, which a test can stop, kill and restart."""

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from evidence import copy_of, keep_on_failure
from free_port import free_port

PROGRAM = shutil.which("nats-server") or "/usr/sbin/nats-server"
START_S = 30.0


class NatsServer:
    def __init__(self, folder: Path, *lines: str, port: int = 0) -> None:
        """`lines` are further ones of its configuration."""
        self.port = port or free_port()
        self._log = folder / "nats.log"
        self._configuration = folder / "nats.conf"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        store = f'jetstream {{ store_dir: "{folder / "store"}", max_mem: 64M, max_file: 256M }}'
        listening = f"listen: 127.0.0.1:{self.port}"
        self._configuration.write_text("\n".join([listening, store, *lines]) + "\n")

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def __enter__(self) -> Self:
        keep_on_failure("nats.log", copy_of(self._log))
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        assert self._process is None
        before = self.log.count("Server is ready")
        with self._log.open("ab") as log:
            command = [PROGRAM, "-c", str(self._configuration)]
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        end = time.monotonic() + START_S
        while self.log.count("Server is ready") == before:
            assert self._process.poll() is None, self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.01)

    def stop(self) -> None:
        """At once, as a power cut does."""
        process, self._process = self._process, None
        if process:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(START_S)

    def freeze(self) -> None:
        """It keeps its connections, and answers nothing."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
