"""A real MQTT broker, Debian's mosquitto, on a port of its own, which a test can stop, kill and restart."""

import subprocess
from pathlib import Path

from free_port import free_port
from server_program import START_S, ServerProgram, listens

PROGRAM = "/usr/sbin/mosquitto"


class Mosquitto(ServerProgram):
    def __init__(self, folder: Path, *options: str, passwords: dict[str, str] | None = None) -> None:
        """`options` are further lines of its configuration; `passwords` are of the users that it lets in."""
        super().__init__(folder / "mosquitto.log")
        self.folder = folder
        self.port = free_port()
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

    def start(self) -> None:
        self._begin([PROGRAM, "-c", str(self.folder / "mosquitto.conf")], lambda: listens(self.port))

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
