"""`streamer` as its user starts it: a process of its own, ended by Ctrl-C."""

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from audio_rig import stop, wait_until
from evidence import copy_of, keep_on_failure
from printed_links import PrintedLinks

STREAMER = Path(sys.executable).with_name("streamer")
START_S = 60.0
EXIT_S = 20.0
"""On however busy a machine; what hangs takes longer: aiohttp by itself waits 60 s for open connections."""


class StreamerProcess:
    """`streamer` with a home of its own; the end of the block presses Ctrl-C, and expects `exit_code`, None
    for any."""

    def __init__(
        self,
        home: Path,
        *arguments: str | Path,
        environment: Mapping[str, str] | None = None,
        program: Path = STREAMER,
        exit_code: int | None = 0,
    ) -> None:
        self.home = home
        self._exit_code = exit_code
        self._command = [str(program), *map(str, arguments)]
        self._environment = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home), "COLUMNS": "200"}
        self._environment |= environment or {}
        self._log = home / f"{arguments[0]}.log"

    def __enter__(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        keep_on_failure(self._log.name, copy_of(self._log))
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=self.home,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self.wait_ready()
        except BaseException:
            stop(self._process)
            raise
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        took_s = self.interrupt()
        if failure is None:
            assert self._exit_code in (self._process.returncode, None), self.complaint()
            assert took_s < EXIT_S, f"{self._command[1]} took {took_s:.1f} s to end"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        """All that it has printed."""
        return self._log.read_text(errors="replace")

    def wait_ready(self) -> None:
        """Return when it does what it is for."""

    def wait(self, timeout_s: float) -> None:
        """Wait until it ends by itself."""
        self._process.wait(timeout_s)

    def interrupt(self) -> float:
        """Press Ctrl-C; gives how many seconds it took to end."""
        began = time.monotonic()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(EXIT_S)
            except subprocess.TimeoutExpired:
                stop(self._process)
        return time.monotonic() - began

    def kill(self) -> None:
        """As a power cut does: it has no time to say goodbye."""
        self._process.kill()
        self._process.wait(EXIT_S)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def check_running(self) -> None:
        assert self.is_running, self.complaint()

    def complaint(self) -> str:
        return f"{' '.join(self._command)} did not do well (exit code {self._process.poll()}):\n{self.log}"


class ServeProcess(StreamerProcess):
    """`streamer serve`, ready when it has told its host all."""

    def wait_ready(self) -> None:
        wait_until(self._announced, START_S, self.complaint)

    @property
    def links(self) -> PrintedLinks:
        return PrintedLinks(self.log)

    def _announced(self) -> bool:
        self.check_running()
        return "Stop with Ctrl-C" in self.log


class RelayProcess(ServeProcess):
    """`streamer serve` on a free port of 127.0.0.1."""

    def __init__(
        self,
        home: Path,
        *options: str,
        program: Path = STREAMER,
        exit_code: int | None = 0,
        authority: Path | None = None,
    ) -> None:
        """Its certificate authority is that in the folder `authority`, or a new one."""
        command = ("serve", "--host", "127.0.0.1", "--port", "0", *options)
        super().__init__(home, *command, program=program, exit_code=exit_code)
        if authority is not None:
            shutil.copytree(authority, self.authority.parent)

    def wait_ready(self) -> None:
        super().wait_ready()
        assert self.healthz()["status"] == "ok"

    @property
    def authority(self) -> Path:
        """The certificate of its own certificate authority."""
        return self.home / "streamer/ca.pem"

    @property
    def link(self) -> str:
        """The link into its first room for who trusts it, as it prints it."""
        links = list(self.links.to_talk.values())
        assert links, self.complaint()
        return links[0]

    @property
    def join_link(self) -> str:
        """The link by way of the join page."""
        return self.link.replace("https:", "http:")

    @property
    def host_link(self) -> str:
        return self.links.host

    @property
    def origin(self) -> str:
        return self.link.split("/#")[0]

    @property
    def echo_link(self) -> str:
        return f"{self.origin}/#room=echo"

    def healthz(self) -> dict[str, Any]:
        context = ssl.create_default_context(cafile=str(self.authority)) if self.authority.exists() else None
        with urllib.request.urlopen(f"{self.origin}/healthz", timeout=5, context=context) as answer:
            health: dict[str, Any] = json.load(answer)
        return health

    def wait_for_members(self, count: int) -> None:
        def complaint() -> str:
            return f"the relay has {self.healthz()['members']} members, not {count}"

        wait_until(lambda: self.healthz()["members"] == count, START_S, complaint)
