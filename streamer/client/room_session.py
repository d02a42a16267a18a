"""One session in a room, from entering to leaving: the line to the relay, and what runs beside it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamer.client.connection import OnControl, OnPacket
from streamer.client.reconnecting import Line
from streamer.client.tasks import first_of
from streamer.errors import ConnectionLostError, StreamerError
from streamer.wire.messages import FromClient
from streamer.wire.room_link import Address


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `join` was asked for."""

    address: Address
    name: str
    ca_file: Path | None
    listening: bool
    music: bool
    reconnect: bool
    wait: bool
    packet_ms: float = 10.0


class RoomSession:
    """`enter` it once, and `leave` it in any case. Before and after, whatever may be lost is not sent."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._line: Line | None = None
        self._running: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        self.entered = asyncio.Event()
        """To be set when the relay has let us in."""
        self._ended = asyncio.Event()
        self.on_lost: Callable[[], None] = lambda: None
        self.on_trouble: Callable[[str], None] = lambda words: None
        self.on_end: Callable[[Exception | None], None] = lambda error: None

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    async def enter(
        self, on_packet: OnPacket, on_control: OnControl, *beside: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Returns when the relay has let us in; `beside` runs for as long as we are in. Raises
        StreamerError."""
        if self._line:
            raise StreamerError("A room can be entered only once: call join() again")
        wanted = self._wanted
        line = await Line.open(
            wanted.address,
            name=wanted.name,
            ca_file=wanted.ca_file,
            lasting=wanted.reconnect,
            patient=wanted.wait,
            on_trouble=self.on_trouble,
        )
        self._line, line.on_lost = line, self.on_lost
        self._running = asyncio.create_task(
            self._run(line.run(on_packet, on_control), *(job() for job in beside))
        )
        try:
            await first_of(_wait(self.entered), _wait(self._ended))
            if self.has_ended:
                raise self._error or ConnectionLostError("The relay closed the connection")
        except BaseException:
            await self.leave()
            raise

    async def leave(self) -> None:
        """Says goodbye where there is still someone to hear it."""
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self._line:
            await self._line.leave()

    async def until_ended(self) -> None:
        """Raises what ended it, unless the relay closed it in order, or we left."""
        await self._ended.wait()
        if self._error:
            raise self._error

    def send(self, message: FromClient) -> None:
        """What must not be lost. Raises ConnectionLostError while there is no connection, or what ended the
        session."""
        self._open_line().say(message)

    def send_control(self, message: FromClient) -> None:
        """What is out of date once there is a connection again."""
        if self._line and not self.has_ended:
            self._line.send_control(message)

    @property
    def shed(self) -> int:
        """Packets that the network did not take in time; it begins anew with each link."""
        return self._line.shed if self._line else 0

    @property
    def is_over_http(self) -> bool:
        return self._line is not None and self._line.is_over_http

    def send_packet(self, packet: bytes) -> None:
        """Dropped while there is no connection; raises what ended the session."""
        self._open_line().send_packet(packet)

    def _open_line(self) -> Line:
        if self._line is None:
            raise ConnectionLostError("The room has not been entered")
        if self.has_ended:
            raise self._error or ConnectionLostError("The room has been left")
        return self._line

    async def _run(self, *jobs: Coroutine[Any, Any, None]) -> None:
        try:
            await first_of(*jobs)
        except Exception as error:  # whoever waits is told
            self._error = error
        finally:
            self._ended.set()
            self.on_end(self._error)


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
