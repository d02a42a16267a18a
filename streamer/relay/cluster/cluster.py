"""A relay's place in a cluster: connects to NATS, tells the others what is here, and puts into its rooms what
is there.

While NATS is away nothing here is in the way of the rooms: they go on with who is connected to this relay.
Another connection begins with all that is stored, so what was missed is made up for.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from time import monotonic, monotonic_ns
from typing import Any, Final

from streamer.relay.background import report_failure
from streamer.relay.cluster.address import ClusterAddress
from streamer.relay.cluster.buckets import Buckets
from streamer.relay.cluster.bus import Bus, BusError, Entry
from streamer.relay.cluster.clock import NatsClock
from streamer.relay.cluster.cluster_room import SLOTS, ClusterRoom
from streamer.relay.cluster.floors import Floors
from streamer.relay.cluster.heartbeat import Heartbeat
from streamer.relay.cluster.intake import Intake
from streamer.relay.cluster.knocks_elsewhere import KnocksElsewhere
from streamer.relay.cluster.lines import Lines
from streamer.relay.cluster.links import Links, Say
from streamer.relay.cluster.loss import Loss
from streamer.relay.cluster.messages import Live, Written
from streamer.relay.cluster.peers import Peers
from streamer.relay.cluster.presence import REFRESH_S, Presence
from streamer.relay.cluster.puts import Puts
from streamer.relay.cluster.remote_member import RemoteMember
from streamer.relay.cluster.rules import Rules
from streamer.relay.cluster.shared_keys import SharedKeys
from streamer.relay.cluster.shared_sessions import SharedSessions
from streamer.relay.cluster.slots import take_slot
from streamer.relay.cluster.spoken import Spoken
from streamer.relay.cluster.voice import Outgoing
from streamer.relay.rooms.decisions import Decided, Decisions
from streamer.relay.rooms.lobby import Lobby
from streamer.websocket.sink import Flusher
from streamer.wire.control import serialize
from streamer.wire.messages import FromRelay

AGAIN_S: Final = 0.3
"""Between two attempts to connect: each costs a NATS server that has just come back a millisecond."""

GATHER_S: Final = 0.01
"""What changes in so short a time is told together."""

READY_S: Final = 5.0
"""Before links are shown and anybody is let in, the others are waited for so long: theirs are the invitations
that count, and who lost one of them comes in here as the same member."""

REVIEW_S: Final = 1.0
"""After a decision here: the others have said by then which turns it has ended. It takes them some 10 ms."""

SESSIONS_AGAIN_S: Final = 1_200.0
"""A session is stored again long before it expires, after HOUR_S: who is here for hours may lose this relay,
too."""

logger = logging.getLogger(__name__)


class Cluster:
    """`attach` it before `run`. `address` is where; `version` is the program's; `url` tells where people
    reach this."""

    def __init__(
        self,
        address: ClusterAddress,
        version: str,
        url: Callable[[], str],
        keys: SharedKeys,
        decisions: Decisions,
    ) -> None:
        self.id = secrets.token_hex(8)
        self.slot = 0
        self.tells_own_events_only = False
        self.counts: Counter[str] = Counter()
        """What happened, for /metrics."""
        self.on_peers: Callable[[], None] = lambda: None
        """Is called when `addresses` are others than before."""
        self._address = address
        self._version = version
        self._url = url
        self._keys, self._decisions = keys, decisions
        self._buckets = buckets = Buckets.of(address.name)
        self._live, self._present, self._hour, self._kept, self._lines_bucket = buckets
        self._peers = Peers(self.id, version)
        self._puts = Puts()
        self._bus: Bus | None = None
        self._changed: set[str] = set()
        self._came = asyncio.Event()
        self._tried = asyncio.Event()
        self._is_ending = False
        self._clock = NatsClock()
        self._loss = Loss(str(address), self.counts, self._tell_hosts)
        self._slots: dict[str, tuple[str, int]] = {}

    def attach(self, lobby: Lobby, flusher: Flusher) -> None:
        self.flusher = flusher
        self._lobby = lobby
        lobby.is_starting = True
        self._heartbeat = Heartbeat(
            self.id, self._live, self._peers, self._clock, self.counts, self._sign_of_life, self._on_peer
        )
        self._floors = floors = Floors(self._present, self._puts, self.find_room)
        self._rules = Rules(self.id, self._kept, self._puts, self.find_room, self._decisions, self._review)
        self._presence = Presence(
            self.id, self._present, self._peers, self._puts, self.find_room, floors.came
        )
        self._outgoing = Outgoing(flusher.deadline_us, lambda: monotonic_ns() // 1_000)
        say: Say = lambda kind, to, message: self._links.say(kind, to, message)  # noqa: E731 (made below)
        deadline_us = flusher.deadline_us
        self._spoken = spoken = Spoken(self.id, self._peers, self.find_room, say, self.counts, deadline_us)
        prefix = f"streamer.{self._address.name}"
        self._links = Links(prefix, self._outgoing, spoken.take_row, spoken.take_said, spoken.take_direct)
        self._lines = Lines(self.id, self._spoken.answer_notice)
        spoken.let_in = self._let_in
        self._sessions = SharedSessions(self.id, self._hour, self._puts, self._member_of)
        self._knocking = KnocksElsewhere(
            self.id, self._present, self._peers, self._puts, say, lobby.tell_knocks, self._sessions.store
        )
        self._intake = Intake(
            self.counts, self._rules, floors, self._presence, self._knocking, self._sessions, self._keys,
            self._lines,
            self._clock, self._slots, lobby.room,
        )  # fmt: skip
        lobby.knocks.elsewhere, lobby.knocks.step = self._knocking, SLOTS
        self._keys.attach(self._kept, self._puts)
        self.forward, self.floor_moved, self.to_own_us = spoken.forward, floors.moved, self._peers.to_own_us
        lobby.used.make = self._make_room
        lobby.on_session = lambda entry: self._sessions.changed(entry.session)
        lobby.renew_sessions(self._sessions.renew)

    @property
    def addresses(self) -> list[str]:
        """Where people reach the other relays of this service."""
        return self._peers.addresses

    @property
    def gauges(self) -> dict[str, float]:
        return {
            "cluster_up": float(self._bus is not None),
            "cluster_relays": len(self._peers.ours),
            "cluster_packets_out": self._outgoing.sent,
            "cluster_packets_shed": self._outgoing.shed,
        }

    @property
    def trouble(self) -> str:
        """What the host should know now, in words."""
        return self._loss.trouble

    async def ready(self) -> None:
        """Return when NATS was reached, or not, or after READY_S."""
        await self._tried.wait()

    def _on_tried(self) -> None:
        self._lobby.is_starting = False
        self._tried.set()

    async def run(self) -> None:
        asyncio.get_running_loop().call_later(READY_S, self._on_tried)
        watch = asyncio.create_task(self._heartbeat.watch(self._loss.tell))
        try:
            while True:
                words = ""
                try:
                    await self._connect_once()
                except* (BusError, OSError) as errors:
                    words = str(errors.exceptions[0])
                except* Exception as errors:
                    for error in errors.exceptions:
                        report_failure("the link to other relays", error)
                    words = "something here failed"
                self._on_tried()
                self._loss.begin(words)
                await asyncio.sleep(AGAIN_S)
        finally:
            watch.cancel()

    async def _connect_once(self) -> None:
        """In a task of its own, whose cancellation is a sign to nobody else."""
        connection = asyncio.create_task(self._run_connection())
        try:
            await asyncio.shield(connection)
        except asyncio.CancelledError:
            self._is_ending = True
            connection.cancel()
            await asyncio.wait({connection})
            raise

    # one connection

    async def _run_connection(self) -> None:
        """From connecting to the loss of the connection, which raises BusError."""
        bus = Bus(self._address)
        watches: list[asyncio.Task[None]] = []
        try:
            await bus.open(f"streamer {self.id}")
            await self._begin(bus, watches)
            async with asyncio.TaskGroup() as tasks:
                for work in self._works(bus):
                    tasks.create_task(work)
        finally:
            if self._bus:
                self._clock.lose()
            self._bus = None
            self._outgoing.clear()
            for watch in watches:
                watch.cancel()
            if bus.is_here and self._is_ending:
                await self._heartbeat.say_goodbye(bus)
            await bus.close()

    async def _begin(self, bus: Bus, watches: list["asyncio.Task[None]"]) -> None:
        for bucket in self._buckets:
            await bus.make(bucket)
        watches.append(await bus.watch(self._live, self._take_live))
        if self._peers.strangers:
            raise BusError(
                f"the other relays of this service run version {', '.join(self._peers.strangers)}, this one "
                "runs "
                f"{self._version}: give all relays the same version, or this one another --cluster-name"
            )
        watches.append(await bus.watch(self._hour, self._intake.hour))
        await self._take_slot(bus)
        await self._heartbeat.begin(bus)
        for each in (self._floors, self._presence, self._rules, self._keys, self._knocking):
            each.forget()
        watches.append(await bus.watch(self._kept, self._intake.kept))
        await self._keys.begin(bus)
        self._rules.tell_own()
        watches.append(await bus.watch(self._present, self._intake.present))
        self._presence.end_snapshot()
        self._floors.end_snapshot(self._rooms)
        self._knocking.end_snapshot()
        watches.append(await bus.watch(self._lines_bucket, self._intake.line))
        await self._links.begin(bus, self.id)
        self._peers.own_heard_s = monotonic()
        self._bus = bus
        self._on_here()

    def _works(self, bus: Bus) -> list[Coroutine[Any, Any, None]]:
        return [
            self._heartbeat.run(bus, self._links.ask_times),
            self._puts.run(bus),
            self._outgoing.run(bus.publish),
            self._links.run(bus),
            self._tell_changes(),
            self._lines.run(partial(self._store_line, bus)),
            self._refresh(bus),
            self._wait_for_loss(bus),
        ]

    async def _wait_for_loss(self, bus: Bus) -> None:
        await bus.lost.wait()
        raise BusError("the connection was lost")

    def _sign_of_life(self) -> Live:
        return {"type": "live", "version": self._version, "slot": self.slot, "url": self._url()}

    async def _take_slot(self, bus: Bus) -> None:
        self.slot = await take_slot(bus, self._hour, self.id, self.slot, self._slots, self._peers.slots)
        self._lobby.knocks.offset = self.slot
        for room in self._rooms:
            room.notices.offset = self.slot

    async def _store_line(self, bus: Bus, key: str, line: Written) -> None:
        await bus.put(self._lines_bucket, key, serialize(line).encode())

    async def _tell_changes(self) -> None:
        while True:
            await self._came.wait()
            await asyncio.sleep(GATHER_S)
            self._came.clear()
            names, self._changed = self._changed, set()
            for name in names:
                self._floors.go_on(name)
                self._presence.tell(name)

    async def _refresh(self, bus: Bus) -> None:
        """Before what is stored expires, it is stored again."""
        sessions_due_s = monotonic()
        while True:
            self._presence.tell_all_again()
            self._knocking.tell_all_again()
            await self._take_slot(bus)
            if monotonic() >= sessions_due_s:
                self._sessions.tell_all_again()
                sessions_due_s += SESSIONS_AGAIN_S
            await asyncio.sleep(REFRESH_S)

    # what is stored

    def _take_live(self, entry: Entry) -> None:
        self._intake.take(entry, partial(self._heartbeat.take, entry))

    def _on_peer(self, relay: str) -> None:
        """It came, is another one by now, or is gone."""
        if relay in self._peers.strange:
            self.counts["other_version"] += 1
            return
        self._presence.settle_relay(relay)
        self._knocking.settle_relay(relay)
        self.on_peers()

    # what a room wants: see Station

    def changed(self, room: ClusterRoom) -> None:
        if self.find_room(room.name) is not room:
            return
        self._changed.add(room.name)
        self._came.set()
        self._links.update(room)

    def passed_on(self, room: ClusterRoom, message: FromRelay) -> None:
        if message["type"] in ("chat", "notice"):
            self._lines.say(room, message)
        elif room.has_guests_elsewhere:
            self._spoken.pass_on(room, message)

    def _let_in(self, room: str, number: int, admit: bool) -> None:
        self._lobby.desk(self._lobby.used.as_it_is(room)).answer(number, admit=admit)

    def decided(self, room: ClusterRoom, before: Decided) -> None:
        """Once the host's command is done: then it is known whose it was."""
        self._rules.begin(room.name, before)
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: self._rules.decided(room.name, room.decided_by))
        loop.call_later(REVIEW_S, self._review, room)

    def _tell_hosts(self, code: str, words: str) -> None:
        for room in self._lobby.used:
            room.tell_hosts({"type": "hint", "code": code, "message": words})

    def _member_of(self, room_name: str, digest: str) -> RemoteMember | None:
        """Who comes first into a room that nobody here has used yet is to find itself there, too."""
        room = self._lobby.used.room(room_name)
        return room.of_session(digest) if isinstance(room, ClusterRoom) else None

    @property
    def _rooms(self) -> list[ClusterRoom]:
        return [room for room in self._lobby.used if isinstance(room, ClusterRoom)]

    def find_room(self, name: str) -> ClusterRoom | None:
        room = self._lobby.used.find(name)
        return room if isinstance(room, ClusterRoom) else None

    def _make_room(self, *arguments: Any) -> ClusterRoom:
        room = ClusterRoom(*arguments, station=self)
        room.from_elsewhere(lambda: self._presence.fill(room))
        self._floors.fill(room)
        return room

    def _review(self, room: ClusterRoom) -> None:
        """A host decided about it: that ends turns and the floor, but not those that were given after it."""
        if self.find_room(room.name) is room:
            self._presence.review(room)
            self._floors.fill(room)

    def _on_here(self) -> None:
        self._on_tried()
        for room in self._rooms:
            self.changed(room)
        self._loss.end()
