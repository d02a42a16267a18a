"""A real nginx in front of a relay: it strips Upgrade, as it does where nobody told it to hand WebSockets
on."""

import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import Self

from audio_rig import stop, wait_until
from free_port import free_port
from nginx_frame import framed

from streamer.relay.tls.identity import LoadedIdentity

SERVER = """
    log_format short "$server_protocol $request_method $uri";
    access_log {folder}/access.log short;
    server {{
        listen 127.0.0.1:{port}{speaks};
        {certificate}
        location / {{
            proxy_pass http://127.0.0.1:{relay_port};
            {lines}
        }}
    }}
"""
BUFFERS = "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;"
LETS_THROUGH = (
    "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
)


class Nginx:
    """`lines` are of its `location`; none are what it does by default."""

    def __init__(
        self,
        folder: Path,
        relay_port: int,
        lines: str = "",
        port: int = 0,
        leaf: LoadedIdentity | None = None,
    ) -> None:
        """With the certificate `leaf` it speaks HTTP/2."""
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self._folder = folder
        self._relay_port = relay_port
        self._leaf = leaf
        self._configure(lines)

    def __enter__(self) -> Self:
        log = self._folder / "nginx.log"
        command = ["nginx", "-p", self._folder, "-c", self._folder / "nginx.conf"]
        with log.open("wb") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out)
        wait_until(self._answers, 10, log.read_text)
        return self

    def __exit__(self, *_: object) -> None:
        stop(self._process)

    def change(self, lines: str) -> None:
        """For connections from now on; those that are open stay as they are."""
        self._configure(lines)
        os.kill(self._process.pid, signal.SIGHUP)

    @property
    def requests(self) -> list[str]:
        """Of each that has ended: the protocol, the method and the path."""
        return (self._folder / "access.log").read_text().splitlines()

    def _configure(self, lines: str) -> None:
        leaf = self._leaf
        server = SERVER.format(
            folder=self._folder,
            port=self.port,
            relay_port=self._relay_port,
            lines=lines,
            speaks=" ssl http2" if leaf else "",
            certificate=f"ssl_certificate {leaf.cert}; ssl_certificate_key {leaf.key};" if leaf else "",
        )
        (self._folder / "nginx.conf").write_text(framed(self._folder, server))

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
