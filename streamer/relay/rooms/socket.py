"""A leg's WebSocket. Packets don't pass here: the connection gives them to the room's fan-out by itself."""

import asyncio
from collections.abc import Callable

from streamer.relay.access.source import source_of
from streamer.relay.rooms.leg import Admitted, Leg
from streamer.websocket.budget import Limits
from streamer.websocket.connection import Connection
from streamer.websocket.sink import Flusher


class Socket(Connection, asyncio.Protocol):
    """Tells its leg what comes, and `on_lost` when the transport is gone."""

    __slots__ = ("_leg", "_on_lost", "address", "entry", "files", "source")

    def __init__(
        self,
        flusher: Flusher,
        limits: Limits,
        entry: Admitted,
        address: str,
        on_lost: Callable[["Socket"], None],
    ) -> None:
        super().__init__(flusher, limits)
        self.address = address
        self.source = source_of(address)
        self.entry = entry
        self.files = 1
        """That it may have open."""
        self._leg = Leg(self, entry)
        self._on_lost = on_lost

    def on_open(self) -> None:
        self._leg.open()

    def on_text(self, text: str) -> None:
        self._leg.on_text(text)

    def on_binary(self, data: bytes) -> None:
        self._leg.on_packet(data)

    def on_shed(self, packets: int) -> None:
        self._leg.on_shed(packets)

    def tick(self, now_us: int) -> None:
        super().tick(now_us)
        if self.sends_too_short and self.is_open:
            self.sends_too_short = False
            self._leg.on_too_short()

    def on_close(self, code: int, reason: str) -> None:
        self._leg.end()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._on_lost(self)
        # They know each other; so neither waits for the garbage collector, nor does an empty room.
        del self._leg
