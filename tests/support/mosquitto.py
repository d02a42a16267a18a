"""A real MQTT broker, Debian's mosquitto, on a port of its own, which a test can stop, kill and restart."""

import subprocess
from pathlib import Path
from typing import Self

from evidence import copy_of, keep_on_failure
from free_port import free_port
from server_program import START_S, listens, start, text_of

PROGRAM = "/usr/sbin/mosquitto"


class Mosquitto:
    def __init__(self, folder: Path, *options: str, passwords: dict[str, str] | None = None) -> None:
        """`options` are further lines of its configuration; `passwords` are of the users that it lets in."""
        self.folder = folder
        self.port = free_port()
        self._log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        access = "allow_anonymous true"
        if passwords is not None:
            self._write_passwords(passwords)
            access = f"allow_anonymous false\npassword_file {folder / 'passwords'}"
        lines = [f"listener {self.port} 127.0.0.1", access, "log_type all", "user root", *options]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return text_of(self._log)

    def __enter__(self) -> Self:
        keep_on_failure("mosquitto.log", copy_of(self._log))
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        assert self._process is None
        command = [PROGRAM, "-c", str(self.folder / "mosquitto.conf")]
        self._process = start(command, self._log, lambda: listens(self.port))

    def stop(self, *, kill: bool = False) -> None:
        process, self._process = self._process, None
        if process:
            process.kill() if kill else process.terminate()
            process.wait(START_S)

    def _write_passwords(self, passwords: dict[str, str]) -> None:
        path = self.folder / "passwords"
        path.write_text("".join(f"{user}:{password}\n" for user, password in passwords.items()))
        path.chmod(0o600)
        subprocess.run(["mosquitto_passwd", "-U", str(path)], check=True)
