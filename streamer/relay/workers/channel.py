"""The way between a worker and its parent: a socket pair that keeps messages apart, and takes connections.

To a worker, first what it is told, then in any order:

    {"type": "workers", "addresses": {NUMBER: ADDRESS}}   those that live, this one included
    b"relay", b"page"                                     with a connection to the relay, or to the join page
    {"type": "recording-stopped", "room": ROOM, "message": WORDS}   for the room's hosts

From a worker, in this order: `ready` with its address (empty where it has none of its own) and its port,
again where its address changes, `leaving` before it ends by itself. Between them, `record` with a room, and
whether it is to be recorded, by the wish of a host there. Where the parent closes its end, the worker ends.
"""

import asyncio
import json
import os
import socket
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from streamer.errors import SetupError
from streamer.relay.background import surviving
from streamer.relay.network.listener import BACKLOG
from streamer.relay.workers.told import Told

RELAY: Final = b"relay"
PAGE: Final = b"page"
MAX_BYTES: Final = 131_072
"""Of a message; options are far shorter, and Linux takes 212,992 by default (net.core.wmem_default)."""

AT_ONCE: Final = 64
"""Messages in a row: then the voice of members may pass."""


def channel() -> tuple[socket.socket, socket.socket]:
    """The parent's end, and the worker's."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(False)
    return ends


def hand_over(end: socket.socket, peer: socket.socket, kind: bytes) -> bool:
    """Give a connection to the worker; False where it takes nothing now. `peer` stays the caller's to
    close."""
    try:
        socket.send_fds(end, [kind], [peer.fileno()])
    except OSError:
        return False
    return True


def send(end: socket.socket, message: Mapping[str, Any]) -> None:
    """Who is gone, or takes nothing, is found out elsewhere."""
    with suppress(OSError):
        end.send(json.dumps(message).encode())


class Handed:
    """The connections of one kind that were handed over, as `Arrivals`."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[socket.socket, str]] = deque()
        self._came = asyncio.Event()

    def put(self, peer: socket.socket) -> None:
        try:
            name = peer.getpeername()
        except OSError:  # it has gone already
            peer.close()
            return
        if len(self._waiting) >= BACKLOG:
            peer.close()
            return
        peer.setblocking(False)
        self._waiting.append((peer, name[0] if name else ""))
        self._came.set()

    async def accept(self) -> tuple[socket.socket, str]:
        while not self._waiting:
            self._came.clear()
            await self._came.wait()
        return self._waiting.popleft()

    def close(self) -> None:
        while self._waiting:
            self._waiting.popleft()[0].close()


class WorkerEnd:
    """A worker's. `listen` once the event loop runs; `ended` is set when the parent has closed, or is
    gone."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self.relay, self.join_page = Handed(), Handed()
        self.on_workers: Callable[[dict[int, str]], None] = lambda addresses: None
        self.on_recording_stopped: Callable[[str, str], None] = lambda room, words: None
        self.ended = asyncio.Event()

    def listen(self) -> None:
        asyncio.get_running_loop().add_reader(self._end, self._read)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._end)
        self._end.close()

    def tell_ready(self, address: str, port: int) -> None:
        send(self._end, {"type": "ready", "address": address, "port": port})

    def tell_record(self, room: str, on: bool) -> None:
        send(self._end, {"type": "record", "room": room, "on": on})

    def tell_leaving(self) -> None:
        send(self._end, {"type": "leaving"})

    def _read(self) -> None:
        for _ in range(AT_ONCE):
            try:
                data, files, _, _ = socket.recv_fds(self._end, MAX_BYTES, 1, socket.MSG_CMSG_CLOEXEC)
            except BlockingIOError:
                return
            except OSError:
                data, files = b"", []
            if not data:
                asyncio.get_running_loop().remove_reader(self._end)
                self.ended.set()
                return
            with surviving("a message of the parent process"):
                self._take(data, files)

    def _take(self, data: bytes, files: list[int]) -> None:
        peers = [socket.socket(fileno=number) for number in files]
        if data in (RELAY, PAGE):
            for peer in peers:  # none where this process has too many files open
                (self.relay if data == RELAY else self.join_page).put(peer)
            return
        message = json.loads(data)
        if message["type"] == "recording-stopped":
            self.on_recording_stopped(message["room"], message["message"])
            return
        addresses: dict[str, str] = message["addresses"]
        self.on_workers({int(number): address for number, address in addresses.items()})


def take_end(standard_input: int = 0) -> tuple[socket.socket, Told]:
    """A worker's end, which is its standard input, and what it is told. Raises SetupError without a
    parent."""
    try:
        end = socket.socket(fileno=os.dup(standard_input))
        end.setblocking(True)
        told = Told.parse(end.recv(MAX_BYTES))
    except (OSError, ValueError):
        raise SetupError("only `streamer serve --workers` starts workers") from None
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, standard_input)  # a child of this process has no part in it
    os.close(nothing)
    end.setblocking(False)
    return end, told
