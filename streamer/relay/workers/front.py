"""Where the parent accepts connections, to hand each over to a worker at once: it reads nothing of them.

All connections of one address go to one worker. So a leg over plain HTTP, which is many requests, finds
itself again; who knocks gets the answer; and the limits per address hold as in one process.
"""

import asyncio
import socket
from typing import Final

from streamer.relay.access.source import source_of
from streamer.relay.network.arrivals import Accepted
from streamer.relay.network.listener import OUT_OF_FILES_S
from streamer.relay.workers.crew import Crew

AT_ONCE: Final = 64
"""Connections in a row; each takes some 50 µs."""


class Front:
    """Owns its listening sockets, each of which has a kind (see channel.py)."""

    def __init__(self, listeners: dict[bytes, socket.socket], crew: Crew) -> None:
        self._arrivals = {kind: Accepted(listener) for kind, listener in listeners.items()}
        self._crew = crew

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for kind in self._arrivals:
                tasks.create_task(self._accept(kind))

    def close(self) -> None:
        for arrivals in self._arrivals.values():
            arrivals.close()

    async def _accept(self, kind: bytes) -> None:
        count = 0
        while True:
            await self._crew.some_ready()
            try:
                peer, address = await self._arrivals[kind].accept()
            except OSError:  # out of files, or the peer went at once
                await asyncio.sleep(OUT_OF_FILES_S)
                continue
            with peer:
                await self._crew.some_ready()
                self._crew.hand_over(peer, kind, source_of(address))
            count += 1
            if count % AT_ONCE == 0:
                await asyncio.sleep(0)
