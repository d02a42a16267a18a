"""Relays that are one service: real ones on real sockets, by a real NATS server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from relay_fixture import HOST_KEY, KEY, PATIENCE_S, Guest, House

from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.access.limits import RelayLimits
from streamer.relay.access.tokens import TokenStore
from streamer.relay.cluster.address import ClusterAddress
from streamer.relay.cluster.buckets import Buckets
from streamer.relay.cluster.bus import Bucket, Bus
from streamer.relay.cluster.cluster import Cluster
from streamer.relay.cluster.shared_keys import SharedKeys
from streamer.relay.http.app import Relay
from streamer.relay.rooms.decisions import Decisions
from streamer.relay.running import listening


class ClusterHouse(House):
    """One relay of a service."""

    cluster: Cluster


@asynccontextmanager
async def relay_of(
    url: str,
    *,
    name: str = "test",
    version: str = "1",
    source: str = "a",
    admission: InviteStore | None = None,
    tokens: Path | None = None,
    limits: RelayLimits | None = None,
    is_ready: bool = True,
    address: ClusterAddress | None = None,
) -> AsyncIterator[ClusterHouse]:
    """When it has reached NATS, or has found that it can't; or, where it need not be ready, at once."""
    admission = admission or InviteStore({"home": Invite(KEY)}, HOST_KEY)
    token_store, decisions = TokenStore(tokens), Decisions()
    keys = SharedKeys(admission, token_store, source, renews=())
    address = address or ClusterAddress.parse(url, name)
    cluster = Cluster(address, version, lambda: f"https://{source}.test", keys, decisions)
    limits = limits or RelayLimits(deadline_ms=PATIENCE_S * 1000)  # a busy machine holds this relay up
    relay = Relay(admission, {}, limits, decisions=decisions, tokens=token_store)
    relay.cluster = cluster
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
        listening(relay, "127.0.0.1", 0, None) as port,
    ):
        if is_ready:
            await cluster.ready()
        house = ClusterHouse(http, port)
        house.relay, house.cluster = relay, cluster
        yield house


@asynccontextmanager
async def relays(url: str, count: int) -> AsyncIterator[list[ClusterHouse]]:
    """So many, that know each other."""
    async with AsyncExitStack() as stack:
        houses = [
            await stack.enter_async_context(relay_of(url, source=f"relay{number}")) for number in range(count)
        ]
        await know_each_other(*houses)
        yield houses


async def know_each_other(*houses: ClusterHouse) -> None:
    """However long it takes: a busy machine may need a second attempt to connect."""
    await until(
        lambda: all(len(house.cluster.addresses) == len(houses) - 1 for house in houses),
        lambda: [house.cluster.trouble for house in houses],
    )


async def until(is_so: Callable[[], Any], complaint: Callable[[], object] = lambda: "") -> None:
    """Wait for it; PATIENCE_S is only a bound on what hangs."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"it did not become so: {complaint()}") from None


def people(house: House) -> list[str]:
    """Everybody whom this relay has in the room, once for each time."""
    room = house.relay.lobby.used.find("home")
    return sorted(member.name for member in room.members) if room else []


async def hears(guest: Guest, talker: Guest, packet: bytes) -> Any:
    """Have `talker` speak until `guest` has a packet of it."""
    waiting = asyncio.create_task(guest.packet())
    while not waiting.done():
        await talker.socket.send_bytes(packet)
        await asyncio.wait([waiting], timeout=0.05)
    return waiting.result()


@asynccontextmanager
async def stranger(url: str) -> AsyncIterator[Bus]:
    """Whoever may use the NATS server of the service `test`."""
    bus = Bus(ClusterAddress.parse(url, "test"))
    await bus.open("stranger")
    for bucket in Buckets.of("test"):
        await bus.make(bucket)
    yield bus
    await bus.close()


async def until_stored(bus: Bus, bucket: Bucket, key: str, is_so: Callable[[int], bool]) -> None:
    """`is_so` is asked about the revision of the value, 0 where there is none."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so((await bus.get(bucket, key) or (b"", 0))[1]):
            await asyncio.sleep(0.01)
