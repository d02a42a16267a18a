"""What a service of several relays loses when a relay, NATS, or the way between them fails, and that it comes back."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from cluster_fixture import hears, people, relay_of, relays, until
from nats_server import NatsServer
from relay_fixture import HOST_KEY, PACKET


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as nats:
        yield nats


async def test_local_rooms_go_on_without_nats_and_are_complete_again_when_it_is_back(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there):
        host, other = await here.enter(key=HOST_KEY, name="Host"), await here.enter(name="Ada")
        far = await there.enter(name="Bob")
        await until(lambda: people(here) == people(there) == ["Ada", "Bob", "Host"])
        nats.stop()
        assert (await hears(host, other, PACKET.serialize())).talker_id == other.welcome["talker_id"]
        assert (await host.text("hint"))["code"] == "cluster-away"
        assert here.cluster.trouble
        await until(lambda: people(here) == ["Ada", "Host"] and people(there) == ["Bob"])
        late = await here.enter(name="Eve")
        assert await here.metric("streamer_cluster_up") == 0
        nats.start()
        assert (await host.text("hint"))["code"] == "cluster-back"
        everybody = ["Ada", "Bob", "Eve", "Host"]
        await until(lambda: people(here) == people(there) == everybody, lambda: (people(here), people(there)))
        assert (await hears(far, late, PACKET.serialize())).talker_id == late.welcome["talker_id"]
        assert not here.cluster.trouble
        assert await here.metric('streamer_cluster_total{event="lost"}') == 1


async def test_a_relay_that_starts_without_nats_serves_and_joins_the_others_later(tmp_path: Path) -> None:
    nats = NatsServer(tmp_path / "nats")
    async with relay_of(nats.url, source="here") as here, relay_of(nats.url, source="there") as there:
        early = await here.enter(name="Ada")
        nats.start()
        try:
            await until(lambda: here.cluster.addresses == ["https://there.test"], lambda: here.cluster.trouble)
            guest = await there.enter(name="Bob")
            await until(lambda: people(here) == people(there) == ["Ada", "Bob"])
            assert guest.welcome["talker_id"] != early.welcome["talker_id"]
        finally:
            nats.stop()


async def test_members_of_a_relay_whose_nats_answers_nothing_leave_within_seconds(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there):
        guests = [await here.enter(name="Ada"), await there.enter(name="Bob")]
        await until(lambda: people(here) == people(there) == ["Ada", "Bob"])
        nats.freeze()
        await until(lambda: people(here) == ["Ada"] and people(there) == ["Bob"])
        nats.thaw()
        await until(lambda: people(here) == people(there) == ["Ada", "Bob"], lambda: (people(here), people(there)))
        assert not any(guest.socket.closed for guest in guests)


async def test_after_a_partition_nobody_is_listed_twice_or_on_two_relays(nats: NatsServer) -> None:
    async with (
        Gap(nats.port) as gap,
        relay_of(nats.url, source="sees") as sees,
        relay_of(f"nats://127.0.0.1:{gap.port}", source="cut") as cut,
    ):
        await until(lambda: sees.cluster.addresses and cut.cluster.addresses)
        member, stays = await cut.enter(name="Ada"), await sees.enter(name="Bob")
        await until(lambda: people(sees) == people(cut) == ["Ada", "Bob"])
        gap.cut()
        await until(lambda: people(sees) == ["Bob"] and people(cut) == ["Ada"])
        back = await sees.enter(name="Ada", resume=member.welcome["resume"])
        assert back.welcome["talker_id"] == member.welcome["talker_id"]
        gap.mend()
        assert await member.close_code() == 4409
        await until(lambda: people(sees) == people(cut) == ["Ada", "Bob"], lambda: (people(sees), people(cut)))
        heard = await hears(stays, back, PACKET.serialize())
        assert heard.talker_id == member.welcome["talker_id"]


class Gap:
    """A way to NATS that can be cut, for one relay alone."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_cut = False

    async def __aenter__(self) -> "Gap":
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        self._is_cut = True
        for end in self._ends:
            end.close()

    def mend(self) -> None:
        self._is_cut = False

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        self._ends |= {writer, far_writer}
        for one, other in ((reader, far_writer), (far_reader, writer)):
            self._tasks.add(asyncio.create_task(_copy(one, other)))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def test_a_relay_that_ends_in_order_takes_its_members_along_at_once(nats: NatsServer) -> None:
    async with relay_of(nats.url, source="stays") as stays:
        watcher = await stays.enter(name="Watcher")
        async with relay_of(nats.url, source="ends") as ends:
            guest = await ends.enter(name="Ada")
            assert not guest.socket.closed
            assert (await watcher.text("joined"))["name"] == "Ada"
        began = monotonic()
        await watcher.text("left")
        await until(lambda: people(stays) == ["Watcher"] and not stays.cluster.addresses)
        assert monotonic() - began < 10
