"""Signs of life: this relay stores its own again and again, and knows by the others' which of them are there.

A computer that is busy holds its own relay up, and then nobody else's silence says anything: such a time is
excused.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from streamer.relay.cluster.bus import Bucket, Bus, BusError, Entry
from streamer.relay.cluster.clock import NatsClock
from streamer.relay.cluster.cluster_room import SLOTS
from streamer.relay.cluster.messages import Live, expect
from streamer.relay.cluster.peers import BEAT_S, Peers
from streamer.wire.control import serialize

SILENT_S: Final = 2.0
"""Without our own sign of life coming back, the way is broken, whatever the connection says. Half of it would
take a server that is busy for one that is gone; twice that, and the others have given this relay up before it
knows."""

LATE_S: Final = 0.5
"""A beat that comes so much too late: this relay was held up, not the others. It is longer than the pauses of
a busy computer, and short beside what makes a relay dead to the others."""

GOODBYE_S: Final = 0.5
"""So long a relay that ends waits for its goodbye to be stored; without it, the others wait for the next
sign."""

logger = logging.getLogger(__name__)


class Heartbeat:
    """`live` tells what is stored, `on_peer` is called with the id of a relay that came, is another one or is
    gone."""

    def __init__(
        self,
        own_id: str,
        bucket: Bucket,
        peers: Peers,
        clock: NatsClock,
        counts: Counter[str],
        live: Callable[[], Live],
        on_peer: Callable[[str], None],
    ) -> None:
        self._own_id = own_id
        self._bucket = bucket
        self._peers = peers
        self._clock = clock
        self._counts = counts
        self._live = live
        self._on_peer = on_peer

    async def begin(self, bus: Bus) -> None:
        await bus.put(self._bucket, self._own_id, serialize(self._live()).encode())

    async def run(self, bus: Bus, ask_times: Callable[[list[str]], None]) -> None:
        """Until it is cancelled; raises BusError where the connection delivers nothing. Clocks are compared,
        too."""
        while True:
            await self.begin(bus)
            ask_times(self._peers.ours)
            due = monotonic() + BEAT_S
            await asyncio.sleep(BEAT_S)
            if monotonic() - due > LATE_S:
                self._peers.own_heard_s += monotonic() - due
            if monotonic() - self._peers.own_heard_s > SILENT_S:
                raise BusError("it accepts messages but delivers none")

    async def say_goodbye(self, bus: Bus) -> None:
        """The others need not wait for the next sign of life."""
        goodbye = asyncio.create_task(bus.put(self._bucket, self._own_id, None))
        await asyncio.wait({goodbye}, timeout=GOODBYE_S)
        goodbye.cancel()

    async def watch(self, on_look: Callable[[float], None]) -> None:
        """Until it is cancelled, also while NATS is away: all others are gone then, too. `on_look` gets the
        time, s."""
        while True:
            due = monotonic() + BEAT_S / 2
            await asyncio.sleep(BEAT_S / 2)
            if monotonic() - due > LATE_S:
                self._peers.excuse(monotonic() - due)
            for relay in self._peers.expire(monotonic()):
                self._counts["relay_gone"] += 1
                logger.warning("a relay of this service is gone (%s)", relay[:16])
                self._on_peer(relay)
            on_look(monotonic())

    def take(self, entry: Entry, value: Any) -> None:
        """What a relay has stored, or None where it has said goodbye. Raises ValueError for what is no sign
        of life."""
        if value is None:
            if self._peers.discard(entry.key):
                self._on_peer(entry.key)
            return
        live = expect(value, "live")
        if not 0 <= live["slot"] < SLOTS:
            raise ValueError("no such slot")
        if entry.key == self._own_id and entry.is_new:
            self._clock.take(entry.stored_s)
        if self._peers.take(entry.key, value, monotonic()):
            self._on_peer(entry.key)
