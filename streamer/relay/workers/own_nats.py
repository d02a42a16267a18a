"""The NATS server that joins the workers of a relay: a child on loopback, with a password of its own.

Its folder is made anew at each start, and goes with it: what must last is in the relay's own files. Else an
invitation that was renewed meanwhile, without workers, would be good again.
"""

import asyncio
import fcntl
import json
import logging
import os
import secrets
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from random import random
from time import monotonic
from typing import Final

from streamer.doubling import doubled_s
from streamer.errors import SetupError, in_words
from streamer.relay.workers.child import Child

MISSING: Final = (
    "--workers needs nats-server: install it (apt install nats-server, or from https://nats.io), "
    "or name a NATS server that runs already with --cluster"
)
logger = logging.getLogger(__name__)

_ELSEWHERE: Final = "/usr/sbin:/usr/local/sbin:/usr/local/bin"
"""Debian has it where a user's PATH may not lead."""

_PREFIX: Final = ".workers-"
_USER: Final = "relay"
_PASSWORD_BYTES: Final = 24
"""192 bits: can't be guessed, and needs no padding in base64."""

START_S: Final = 15.0
"""In which it is there, on however busy a computer; it takes 0.1 s."""

_LOOK_S: Final = 0.02
_GOODBYE_S: Final = 3.0
_FIRST_REST_S: Final = 0.2
_LONGEST_REST_S: Final = 10.0
_WELL_S: Final = 60.0
"""What ran so long did not fail at its beginning."""

_MEMORY: Final = "256M"
_DISK: Final = "256M"
"""Chat and notices of an hour, invitations and decisions: some hundred bytes each."""


def find_nats() -> str:
    """Raises SetupError where nats-server is not installed."""
    found = shutil.which("nats-server") or shutil.which("nats-server", path=_ELSEWHERE)
    if not found:
        raise SetupError(MISSING)
    return found


class OwnNats:
    """`start`, then `run` until cancelled, then `stop`. Its `url` stays the same."""

    def __init__(self, program: str, directory: Path) -> None:
        """Its folder is made in `directory`. Raises SetupError."""
        self._program = program
        _remove_leftovers(directory)
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=directory))
            self._lock = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SetupError(f"{directory} can't be used: {in_words(error)}") from None
        self._password = secrets.token_hex(_PASSWORD_BYTES)
        self._port = 0
        self._child: Child | None = None

    @property
    def url(self) -> str:
        return f"nats://{_USER}:{self._password}@127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Returns when it is there. Raises SetupError."""
        configuration = self._folder / "nats.conf"
        configuration.write_text(self._configuration())
        configuration.chmod(0o600)
        self._child = child = await Child.start([self._program, "-c", str(configuration)], lambda line: None)
        ports = self._folder / f"nats-server_{child.pid}.ports"
        until_s = monotonic() + START_S
        while not (port := _port_in(ports)):
            if child.has_ended or monotonic() > until_s:
                child.signal(signal.SIGKILL)
                raise SetupError(f"nats-server did not start: {child.last_line or 'it said nothing'}")
            await asyncio.sleep(_LOOK_S)
        self._port = port
        ports.unlink(missing_ok=True)

    async def run(self) -> None:
        """Start it again whenever it has ended: what it lost, the workers tell it anew."""
        failures = 0
        while self._child:
            began_s = monotonic()
            await self._child.wait()
            failures = 1 if monotonic() - began_s > _WELL_S else failures + 1
            logger.warning("nats-server has ended (%s): it is started again", self._child.last_line)
            await asyncio.sleep(doubled_s(failures, random(), _FIRST_REST_S, _LONGEST_REST_S))
            with suppress(SetupError):  # it says that next time round
                await self.start()

    async def stop(self) -> None:
        if self._child:
            self._child.signal(signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_S):
                    await self._child.wait()
            self._child.signal(signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)

    def _configuration(self) -> str:
        store = _quoted(self._folder / "store")
        return "\n".join(
            [
                'host: "127.0.0.1"',
                f"port: {self._port or -1}",
                f"authorization {{ user: {_USER}, password: {_quoted(self._password)} }}",
                f"jetstream {{ store_dir: {store}, max_mem: {_MEMORY}, max_file: {_DISK} }}",
                f"ports_file_dir: {_quoted(self._folder)}",
                "",
            ]
        )


def _port_in(file: Path) -> int:
    """Of the server's own report; 0 while that is not complete."""
    try:
        url: str = json.loads(file.read_bytes())["nats"][0]
        return int(url.rpartition(":")[2])
    except (OSError, ValueError, LookupError):
        return 0


def _quoted(text: str | Path) -> str:
    return json.dumps(str(text), ensure_ascii=False)


def _remove_leftovers(directory: Path) -> None:
    """Of a relay that was killed; nobody has the lock of its folder."""
    for folder in directory.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
