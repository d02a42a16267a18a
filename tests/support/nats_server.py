"""A real NATS server with JetStream, Debian's, on a port of its own, which a test can stop, kill and
restart."""

import shutil
import signal
from pathlib import Path

from free_port import free_port
from server_program import START_S, ServerProgram

PROGRAM = shutil.which("nats-server") or "/usr/sbin/nats-server"


class NatsServer(ServerProgram):
    def __init__(self, folder: Path, *lines: str, port: int = 0) -> None:
        """`lines` are further ones of its configuration."""
        super().__init__(folder / "nats.log")
        self.port = port or free_port()
        self._configuration = folder / "nats.conf"
        self._stored = folder / "store"
        folder.mkdir(parents=True, exist_ok=True)
        store = f'jetstream {{ store_dir: "{self._stored}", max_mem: 64M, max_file: 256M }}'
        listening = f"listen: 127.0.0.1:{self.port}"
        self._configuration.write_text("\n".join([listening, store, *lines]) + "\n")

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        before = self.log.count("Server is ready")
        command = [PROGRAM, "-c", str(self._configuration)]
        self._begin(command, lambda: self.log.count("Server is ready") > before)

    def stop(self) -> None:
        """At once, as a power cut does."""
        process, self._process = self._process, None
        if process:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(START_S)

    def forget(self) -> None:
        """As if its disk were another one; while it is stopped."""
        assert self._process is None
        shutil.rmtree(self._stored)

    def freeze(self) -> None:
        """It keeps its connections, and answers nothing."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)
