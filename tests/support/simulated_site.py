"""Relays of one service, whole but for the network: what NATS stores and delivers is simulated, with delays
by chance.

All of it runs on one event loop with a time of its own (virtual_time.py), so that a life of minutes takes a
second, and the same seed gives the same life. What one connection asks reaches the server in order; each
watch tells in order; and nothing else is in order.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Final

from relay_fixture import HOST_KEY, KEY

from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.access.tokens import TokenStore
from streamer.relay.background import surviving
from streamer.relay.cluster import cluster
from streamer.relay.cluster.address import ClusterAddress
from streamer.relay.cluster.bus import Bucket, BusError, Changed, Entry, Handle
from streamer.relay.cluster.cluster import Cluster
from streamer.relay.cluster.cluster_room import ClusterRoom
from streamer.relay.cluster.peers import Peers
from streamer.relay.cluster.shared_keys import SharedKeys
from streamer.relay.http.app import Relay
from streamer.relay.rooms.decisions import Decided, Decisions
from streamer.relay.rooms.socket import Socket

MOST_DELAY_S: Final = 0.04
"""Of one step on the way; four of them are on the way from a relay to another."""

STARTED_S: Final = 1_700_000_000.0
"""The wall clock of the server."""

@dataclass
class Stored:
    """One bucket."""

    seq: int = 0
    values: dict[str, tuple[bytes | None, int, float]] = field(default_factory=dict)


class Server:
    """What it stores in memory is lost with `restart`."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.is_away = False
        self.cut_off: set[str] = set()
        """Relays that don't reach it, by id."""
        self._buckets: dict[str, Stored] = {}
        self._made: dict[str, Bucket] = {}
        self.buses: dict[SimulatedBus, None] = {}
        """In the order in which they came: the same life for the same seed."""

    @property
    def now_s(self) -> float:
        return STARTED_S + asyncio.get_running_loop().time()

    def make(self, bucket: Bucket) -> None:
        self._made[bucket.name] = bucket
        self._buckets.setdefault(bucket.name, Stored())

    def stop(self) -> None:
        self.is_away = True
        for name, bucket in self._made.items():
            if not bucket.on_disk:
                self._buckets[name] = Stored()
        for bus in list(self.buses):
            bus.lose()

    def start(self) -> None:
        self.is_away = False

    def cut(self, relay: str) -> None:
        self.cut_off.add(relay)
        self.disconnect(relay)

    def disconnect(self, relay: str) -> None:
        """It may connect again at once."""
        for bus in [bus for bus in self.buses if bus.relay == relay]:
            bus.lose()

    def mend(self, relay: str) -> None:
        self.cut_off.discard(relay)

    def get(self, bucket: Bucket, key: str) -> tuple[bytes, int] | None:
        value, revision, stored_s = self._buckets[bucket.name].values.get(key, (None, 0, 0.0))
        is_expired = bucket.ttl_s and self.now_s - stored_s > bucket.ttl_s
        return None if value is None or is_expired else (value, revision)

    def put(self, bucket: Bucket, key: str, value: bytes | None) -> int:
        stored = self._buckets[bucket.name]
        stored.seq += 1
        stored.values.pop(key, None)  # the newest is told last
        stored.values[key] = value, stored.seq, self.now_s
        for bus in list(self.buses):
            bus.tell(bucket, key, stored.seq)
        return stored.seq

    def put_if(self, bucket: Bucket, key: str, value: bytes, revision: int) -> int:
        found = self.get(bucket, key)
        is_so = revision == (found[1] if found else 0) or found is None
        return self.put(bucket, key, value) if is_so else 0

    def all(self, bucket: Bucket) -> list[tuple[str, bytes | None, int, float]]:
        values = self._buckets[bucket.name].values.items()
        return [(key, *each) for key, each in values if self.get(bucket, key) is not None]


class SimulatedBus:
    """See Bus. `server` is that of the test."""

    server: Server

    def __init__(self, address: ClusterAddress) -> None:
        self.lost = asyncio.Event()
        self.dropped = 0
        self.relay = ""
        self._is_open = False
        self._watches: list[tuple[Bucket, str, Changed]] = []
        self._handles: dict[str, Handle] = {}
        self._last_s: dict[str, float] = {}

    async def open(self, name: str) -> None:
        self.relay = name.removeprefix("streamer ")
        await asyncio.sleep(self._delay_s)
        if self.server.is_away or self.relay in self.server.cut_off:
            raise BusError("it is away")
        self._is_open = True
        self.server.buses[self] = None

    def lose(self) -> None:
        self._is_open = False
        self.server.buses.pop(self, None)
        self.lost.set()

    async def close(self) -> None:
        self.lose()

    @property
    def is_here(self) -> bool:
        return self._is_open

    @property
    def _delay_s(self) -> float:
        return self.server.chance.uniform(0.0005, self.server.chance.choice((0.002, MOST_DELAY_S)))

    def _pass(self, lane: str, act: Callable[[], None], *, is_asking: bool = False) -> None:
        """What was sent before the loss may arrive after it; what is to come to us may not."""
        loop = asyncio.get_running_loop()
        due_s = max(loop.time() + self._delay_s, self._last_s.get(lane, 0.0))
        self._last_s[lane] = due_s + 1e-6
        loop.call_at(due_s, lambda: act() if self._is_open or is_asking else None)

    async def _ask(self, act: Callable[[], Any]) -> Any:
        if not self._is_open:
            raise BusError("it is away")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def at_server() -> None:
            if not self.server.is_away and self.relay not in self.server.cut_off:
                result = act()
                self._pass(f"answer {id(answer)}", lambda: answer.done() or answer.set_result(result))

        self._pass("ask", at_server, is_asking=True)
        lost = asyncio.ensure_future(self.lost.wait())
        try:
            await asyncio.wait([answer, lost], return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
        if not answer.done():
            raise BusError("the connection was lost")
        return answer.result()

    async def make(self, bucket: Bucket) -> None:
        await self._ask(lambda: self.server.make(bucket))

    async def put(self, bucket: Bucket, key: str, value: bytes | None) -> None:
        await self._ask(lambda: self.server.put(bucket, key, value))

    async def put_if(self, bucket: Bucket, key: str, value: bytes, revision: int) -> int:
        return int(await self._ask(lambda: self.server.put_if(bucket, key, value, revision)))

    async def get(self, bucket: Bucket, key: str) -> tuple[bytes, int] | None:
        found: tuple[bytes, int] | None = await self._ask(lambda: self.server.get(bucket, key))
        return found

    async def watch(self, bucket: Bucket, changed: Changed) -> asyncio.Task[None]:
        complete, lane = asyncio.Event(), f"watch {bucket.name}"

        def begin() -> None:
            for key, value, revision, stored_s in self.server.all(bucket):
                self._tell(lane, changed, Entry(key, value, revision, stored_s, is_new=False))
            self._watches.append((bucket, lane, changed))
            self._pass(lane, complete.set)

        await self._ask(begin)
        lost = asyncio.ensure_future(self.lost.wait())
        done = asyncio.ensure_future(complete.wait())
        await asyncio.wait([lost, done], return_when=asyncio.FIRST_COMPLETED)
        lost.cancel()
        done.cancel()
        if not complete.is_set():
            raise BusError("the connection was lost")
        return asyncio.create_task(asyncio.sleep(0))

    def tell(self, bucket: Bucket, key: str, seq: int) -> None:
        for watched, lane, changed in self._watches:
            if watched.name == bucket.name:
                value, _, stored_s = self.server._buckets[bucket.name].values[key]
                self._tell(lane, changed, Entry(key, value, seq, stored_s, is_new=True))

    def _tell(self, lane: str, changed: Changed, entry: Entry) -> None:
        def act() -> None:
            with surviving("a value of another relay"):
                changed(entry)

        self._pass(lane, act)

    async def publish(self, subject: str, data: bytes) -> None:
        def at_server() -> None:
            for bus in list(self.server.buses):
                handle = bus._handles.get(subject)
                if handle and bus is not self:
                    bus._pass(f"message {subject}", partial(handle, subject.rpartition(".")[2], data))

        self._pass("ask", at_server)

    async def subscribe(self, subject: str, handle: Handle) -> str:
        self._handles[subject] = handle
        return subject

    async def unsubscribe(self, subject: str) -> None:
        self._handles.pop(subject, None)


class Wire(asyncio.Transport):
    """A member's way to its relay; what the relay says there is not read."""

    def __init__(self, on_closed: Callable[[], None]) -> None:
        super().__init__()
        self._on_closed = on_closed
        self._is_closing = False

    def write(self, data: Any) -> None: ...

    def writelines(self, data: Any) -> None: ...

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            asyncio.get_running_loop().call_soon(self._on_closed)

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0


class SimulatedRelay:
    """`state` is all that its members see of the room."""

    def __init__(self, number: int) -> None:
        admission = InviteStore({"home": Invite(KEY)}, HOST_KEY)
        tokens, decisions = TokenStore(None), Decisions()
        keys = SharedKeys(admission, tokens, f"relay{number}", renews=())
        address = ClusterAddress.parse("nats://127.0.0.1", "test")
        self.number = number
        self.relay = Relay(admission, {}, decisions=decisions, tokens=tokens)
        self.relay.cluster = self.cluster = Cluster(
            address, "1", lambda: f"https://r{number}.test", keys, decisions
        )
        self.cluster.id = f"{number:016x}"
        self.cluster._peers = Peers(self.cluster.id, "1")
        self.relay.application()
        self.decisions = decisions
        self.sockets: dict[str, Socket] = {}
        """Of the people who are connected here."""

    async def run(self) -> None:
        running = asyncio.create_task(self.cluster.run())
        try:
            while True:
                await asyncio.sleep(1)
                self.relay.lobby.tick()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    @property
    def room(self) -> ClusterRoom:
        room = self.relay.lobby.room("home")
        assert isinstance(room, ClusterRoom)
        return room

    def enter(self, name: str, key: str, resume: str, attempt: int) -> Socket:
        query = {"room": "home", "key": key, "name": name, "resume": resume, "attempt": str(attempt)}
        lobby, address = self.relay.lobby, "127.0.0.1"
        entry = lobby.receive(query, address)

        def on_lost(socket: Socket) -> None:
            lobby.left(entry, address)
            if self.sockets.get(name) is socket:
                del self.sockets[name]

        socket = Socket(self.cluster.flusher, self.relay.limits.of_connection(), entry, address, on_lost)
        socket.attach(Wire(lambda: socket.connection_lost(None)))
        self.sockets[name] = socket
        lobby.entered(entry, address)
        return socket

    def state(self) -> dict[str, Any]:
        room = self.room
        decided: Decided = self.decisions.of("home")
        members = {
            member.name: {
                "talker_id": member.talker_id, "muted": member.muted, "away": member.away,
                "hand": member.hand,
                "listening": member.listening, "role": member.role, "voice": member.voice.value,
                "turn": room.rights.has_turn(member), "left_out": member.sink.is_left_out,
            }
            for member in room.members
        }  # fmt: skip
        return {
            "members": members,
            "floor": (room.floor.is_on, room.floor.holder),
            "only_hosts": (decided.only_hosts, room.rights.only_hosts),
            "locked": decided.locked,
            "keep_captions": decided.keep_captions,
            "one_at_a_time": decided.one_at_a_time,
            "barred": sorted((bar.id, bar.name) for bar in decided.barred),
            "captions": room.captions.is_on,
            "recording": room.recording.is_on,
            "knocks": sorted(each["name"] for each in self.relay.lobby.knocks.waiting("home")),
            "invite": self.relay._admission.key("home"),
        }


class Person:
    """Comes by any relay, as the same member, and does what a page can."""

    def __init__(self, name: str, *, is_host: bool = False) -> None:
        self.name = name
        self._key = HOST_KEY if is_host else KEY
        self.resume = f"token-of-{name}-0123456789"
        self._attempt = 0
        self.relay: SimulatedRelay | None = None
        self._socket: Socket | None = None

    def come(self, relay: SimulatedRelay, leaves_s: float = 0.3) -> None:
        """From wherever it is: the old connection is left so long after the new one is there, if it is open
        then."""
        self._attempt += 1
        before, self._socket = self._socket, relay.enter(self.name, self._key, self.resume, self._attempt)
        self.relay = relay
        if before:
            asyncio.get_running_loop().call_later(leaves_s, lambda: before.is_open and before.close(1000, ""))

    def lose(self) -> None:
        if self._socket and self._socket.is_open:
            self._socket.abort()

    @property
    def is_in(self) -> bool:
        return self._socket is not None and self._socket.is_open

    @property
    def talker_id(self) -> int:
        return self._socket.entry.session.talker_id if self._socket else 0

    def say(self, **message: Any) -> None:
        if self._socket and self.is_in:
            self._socket.on_text(json.dumps(message))

    def show(self, **changed: bool) -> None:
        self.say(**{"type": "state", "muted": False, "away": False, "hand": False, **changed})


def simulate(server: Server, monkeypatch: Any) -> None:
    """From now on, relays are connected to `server`."""
    SimulatedBus.server = server
    monkeypatch.setattr(cluster, "Bus", SimulatedBus)
