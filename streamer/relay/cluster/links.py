"""What this relay listens to on NATS and says there, room by room: only while it has members in the room."""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic_ns
from typing import Any, Final

from streamer.relay.cluster.bus import Bus, Handle
from streamer.relay.cluster.cluster_room import ClusterRoom
from streamer.relay.cluster.messages import WhatTime, key_of
from streamer.relay.cluster.voice import Outgoing, Uplink
from streamer.wire.control import serialize

MAX_UNSAID: Final = 1_024
"""Messages that wait to be said; the oldest goes. All of them are worth something only now."""

_Subscriptions = list[Any]


class Links:
    """`update` at any time; `begin` and `run` with each connection. `prefix` begins all subjects of the
    service."""

    def __init__(
        self, prefix: str, outgoing: Outgoing, on_row: Handle, on_said: Handle, on_direct: Handle
    ) -> None:
        self._prefix = prefix
        self._outgoing = outgoing
        self._on_row = on_row
        self._on_said = on_said
        self._on_direct = on_direct
        self._own_id = ""
        self._uplinks: dict[str, tuple[ClusterRoom, Uplink]] = {}
        self._wanted: set[str] = set()
        self._unsaid: deque[tuple[str, bytes]] = deque(maxlen=MAX_UNSAID)
        self._came = asyncio.Event()
        self._is_here = False

    def update(self, room: ClusterRoom) -> None:
        """After its members have changed."""
        if room.has_guests_here != (room.name in self._wanted):
            (self._wanted.add if room.has_guests_here else self._wanted.discard)(room.name)
            self._came.set()
        is_spanning = room.has_guests_here and room.has_guests_elsewhere
        known = self._uplinks.get(room.name)
        if known and not (is_spanning and known[0] is room):
            known[0].fanout.discard_observer(known[1])
            del self._uplinks[room.name]
            known = None
        if is_spanning and known is None:
            uplink = Uplink(self._outgoing, self._subject("voice", key_of(room.name)), room.is_elsewhere)
            self._uplinks[room.name] = room, uplink
            room.fanout.add_observer(uplink)

    def say(self, kind: str, to: str, message: object) -> None:
        """To a room (`text`) or a relay (`relay`); nobody hears it while NATS is away."""
        if self._is_here:
            unsaid = serialize(message).encode()  # type: ignore[arg-type]
            self._unsaid.append((self._subject(kind, to), unsaid))
            self._came.set()

    async def begin(self, bus: Bus, own_id: str) -> None:
        self._own_id = own_id
        self._unsaid.clear()
        await bus.subscribe(self._subject("relay", own_id), self._on_direct)

    async def run(self, bus: Bus) -> None:
        """Until it is cancelled, or the connection fails."""
        subscribed: dict[str, _Subscriptions] = {}
        self._is_here = True
        self._came.set()
        try:
            while True:
                await self._came.wait()
                self._came.clear()
                for room in subscribed.keys() - self._wanted:
                    for each in subscribed.pop(room):
                        await bus.unsubscribe(each)
                for room in self._wanted - subscribed.keys():
                    key = key_of(room)
                    voice = await bus.subscribe(self._subject("voice", key), self._on_row)
                    text = await bus.subscribe(self._subject("text", key), self._on_said)
                    subscribed[room] = [voice, text]
                while self._unsaid:
                    await bus.publish(*self._unsaid.popleft())
        finally:
            self._is_here = False

    def ask_times(self, relays: list[str]) -> None:
        """How far their clocks are from ours."""
        for relay in relays:
            question: WhatTime = {
                "type": "time",
                "relay": self._own_id,
                "t0": monotonic_ns() // 1_000,
                "t1": 0,
            }
            self.say("relay", relay, question)

    def _subject(self, kind: str, to: str) -> str:
        return f"{self._prefix}.{kind}.{to}"


Say = Callable[[str, str, object], None]
"""As `Links.say`."""
