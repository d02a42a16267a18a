"""The workers of a relay, as their parent has them: started, started again, and told of each other."""

import asyncio
import json
import logging
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from random import random
from time import monotonic
from typing import Any, Final, Self

from streamer.doubling import doubled_s
from streamer.errors import SetupError
from streamer.relay.background import report_failure, surviving
from streamer.relay.companion import command_of
from streamer.relay.workers.channel import MAX_BYTES, channel, hand_over, send
from streamer.relay.workers.child import Child
from streamer.relay.workers.ranks import ranked
from streamer.relay.workers.told import Told

FIRST_REST_S: Final = 0.5
LONGEST_REST_S: Final = 30.0
"""From the end of a worker to its next start: one that fails at once must not take a processor."""

WELL_S: Final = 60.0
"""What ran so long did not fail at its beginning."""

GOODBYE_S: Final = 5.0
"""Beyond the time that members have to move: to close their connections, and to end."""

logger = logging.getLogger(__name__)

ToTell = Callable[[int, int], Told]
"""What a worker is told, by its number and the own port that it had before."""


OnRecord = Callable[[str, bool], None]
"""A host wants a room recorded, or no longer."""


class Worker:
    """One start of a worker. `is_ready` from when it accepts members until it leaves."""

    def __init__(
        self,
        number: int,
        end: socket.socket,
        child: Child,
        on_change: Callable[[], None],
        on_record: OnRecord,
    ) -> None:
        self.number = number
        self.child = child
        self.address = ""
        self.port = 0
        self.is_ready = False
        self.settled = asyncio.Event()
        """It was ready, or has ended."""
        self._end = end
        self._on_change = on_change
        self._on_record = on_record
        asyncio.get_running_loop().add_reader(end, self._read)

    @classmethod
    async def start(cls, told: Told, on_change: Callable[[], None], on_record: OnRecord) -> Self:
        """Raises SetupError."""
        own, theirs = channel()
        with theirs:
            own.send(told.serialize())
            name = f"worker {told.number}"
            child = await Child.start(
                command_of("worker"), lambda line: logger.info("%s: %s", name, line), theirs.fileno()
            )
        return cls(told.number, own, child, on_change, on_record)

    def tell(self, addresses: dict[int, str]) -> None:
        send(self._end, {"type": "workers", "addresses": addresses})

    def tell_recording_stopped(self, room: str, words: str) -> None:
        send(self._end, {"type": "recording-stopped", "room": room, "message": words})

    def hand_over(self, peer: socket.socket, kind: bytes) -> bool:
        return hand_over(self._end, peer, kind)

    def end(self) -> None:
        """Ask it to end in order."""
        if self._end.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._end)
            self._end.close()

    async def wait(self) -> int:
        status = await self.child.wait()
        self.is_ready = False
        self.settled.set()
        self.end()
        return status

    def _read(self) -> None:
        try:
            data = self._end.recv(MAX_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._end)
            self.is_ready = False
        else:
            with surviving("a message of a worker"):
                self._take(json.loads(data))
        self._on_change()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "record":
            self._on_record(message["room"], message["on"])
            return
        self.is_ready = message["type"] == "ready"
        if self.is_ready:
            self.address, self.port = message["address"], message["port"]
            self.settled.set()


class Crew:
    """`start`, then `run` until cancelled, then `end`."""

    def __init__(self, count: int, to_tell: ToTell) -> None:
        self._count = count
        self._to_tell = to_tell
        self._workers: dict[int, Worker] = {}
        self._told: dict[int, str] = {}
        self._some_ready = asyncio.Event()
        self.on_record: OnRecord = lambda room, on: None

    @property
    def ready(self) -> list[Worker]:
        """In the order of their numbers."""
        return [worker for _, worker in sorted(self._workers.items()) if worker.is_ready]

    async def start(self) -> None:
        """Returns when all are ready. Raises SetupError where one is not, with its last words."""
        for number in range(1, self._count + 1):
            await self._start(number, 0)
        for worker in list(self._workers.values()):
            ended = asyncio.create_task(worker.wait())
            await worker.settled.wait()
            ended.cancel()
            if not worker.is_ready:
                words = worker.child.last_line.removeprefix("Error: ") or "it failed without an error message"
                raise SetupError(f"worker {worker.number} did not start: {words}")

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in list(self._workers):
                tasks.create_task(self._keep(number))

    def home_of(self, room: str) -> Worker | None:
        """That has the room, where people can go to it."""
        ready = {worker.number: worker for worker in self.ready if worker.address}
        return next((ready[number] for number in ranked(room, ready)), None)

    def tell_recording_stopped(self, room: str, words: str) -> None:
        """To its hosts, with whichever worker they are."""
        for worker in self.ready:
            worker.tell_recording_stopped(room, words)

    async def some_ready(self) -> None:
        """Return once there is one to hand a connection to."""
        await self._some_ready.wait()

    def hand_over(self, peer: socket.socket, kind: bytes, source: str) -> bool:
        """To the worker that has all connections of `source`, while that takes them; else to another one."""
        ready = {worker.number: worker for worker in self.ready}
        return any(ready[number].hand_over(peer, kind) for number in ranked(source, ready))

    async def end(self, patience_s: float) -> None:
        """In order, for which they have so long; then they are killed, or at once where this is cancelled."""
        workers = list(self._workers.values())
        try:
            for worker in workers:
                worker.end()
                if not worker.port:  # it has not begun yet
                    worker.child.signal(signal.SIGKILL)
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s + GOODBYE_S):
                    await asyncio.gather(*(worker.wait() for worker in workers))
        finally:
            for worker in workers:
                if worker.child.status is None:
                    worker.child.signal(signal.SIGKILL)
            await asyncio.gather(*(worker.wait() for worker in workers))

    async def _start(self, number: int, port: int) -> None:
        told = self._to_tell(number, port)
        self._workers[number] = await Worker.start(
            told, self._on_change, lambda room, on: self.on_record(room, on)
        )

    async def _keep(self, number: int) -> None:
        failures = 0
        while True:
            began_s = monotonic()
            worker = self._workers[number]
            status = await worker.wait()
            self._on_change()
            failures = 1 if monotonic() - began_s > WELL_S else failures + 1
            logger.warning("worker %d has ended (%s): it is started again", number, _in_words(status))
            await asyncio.sleep(doubled_s(failures, random(), FIRST_REST_S, LONGEST_REST_S))
            try:
                await self._start(number, worker.port)
            except SetupError as error:  # no memory, no more processes or open files: it may pass
                report_failure(f"starting worker {number}", error)

    def _on_change(self) -> None:
        """One is ready, is no longer, or has another address."""
        ready = self.ready
        (self._some_ready.set if ready else self._some_ready.clear)()
        addresses = {worker.number: worker.address for worker in ready}
        if addresses != self._told:
            self._told = addresses
            for worker in ready:
                worker.tell(addresses)


def _in_words(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    with suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"


