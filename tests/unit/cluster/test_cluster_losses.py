"""What a service of several relays loses when a relay, NATS, or the way between them fails, and that it comes
back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest
from cluster_fixture import (
    ClusterHouse,
    hears,
    know_each_other,
    people,
    relay_of,
    relays,
    stranger,
    until,
    until_stored,
)
from gap import Gap
from nats_server import NatsServer
from relay_fixture import HOST_KEY, KEY, PACKET, PATIENCE_S

from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.cluster import cluster
from streamer.relay.cluster.buckets import Buckets
from streamer.relay.cluster.bus import Bus
from streamer.relay.cluster.messages import key_of


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as nats:
        yield nats


async def test_local_rooms_go_on_without_nats_and_are_complete_again_when_it_is_back(
    nats: NatsServer,
) -> None:
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
            await until(
                lambda: here.cluster.addresses == ["https://there.test"], lambda: here.cluster.trouble
            )
            guest = await there.enter(name="Bob")
            await until(lambda: people(here) == people(there) == ["Ada", "Bob"])
            assert guest.welcome["talker_id"] != early.welcome["talker_id"]
        finally:
            nats.stop()


async def test_a_relay_lets_nobody_in_before_it_knows_who_comes_back(
    nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_open, open_bus = asyncio.Event(), Bus.open

    async def open_later(bus: Bus, name: str) -> None:
        await may_open.wait()
        await open_bus(bus, name)

    async with relay_of(nats.url, source="there") as there:
        member, watcher = await there.enter(name="Ada"), await there.enter(name="Bob")
        monkeypatch.setattr(Bus, "open", open_later)
        monkeypatch.setattr(cluster, "READY_S", PATIENCE_S)
        async with relay_of(nats.url, source="here", is_ready=False) as here:
            async with here.http.get(f"{here.url}/readyz") as answer:
                assert (answer.status, await answer.json()) == (503, {"status": "starting"})
            assert await here.refusal(room="home", key=KEY) == (503, "draining")
            may_open.set()
            await here.cluster.ready()
            async with here.http.get(f"{here.url}/readyz") as answer:
                assert answer.status == 200
            await until(lambda: here.relay.lobby.room_as_it_is("home").names == ["Ada", "Bob"])
            back = await here.enter(name="Ada", resume=member.welcome["resume"])
            assert back.welcome["talker_id"] == member.welcome["talker_id"]
            assert not watcher.socket.closed


async def test_members_of_a_relay_whose_nats_answers_nothing_leave_within_seconds(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there):
        guests = [await here.enter(name="Ada"), await there.enter(name="Bob")]
        await until(lambda: people(here) == people(there) == ["Ada", "Bob"])
        nats.freeze()
        await until(lambda: people(here) == ["Ada"] and people(there) == ["Bob"])
        nats.thaw()
        await until(
            lambda: people(here) == people(there) == ["Ada", "Bob"], lambda: (people(here), people(there))
        )
        assert not any(guest.socket.closed for guest in guests)


@asynccontextmanager
async def parted(nats: NatsServer) -> AsyncIterator[tuple[Gap, ClusterHouse, ClusterHouse]]:
    """Two relays that know each other, and what the second one is cut off by."""
    async with (
        Gap(nats.port) as gap,
        relay_of(nats.url, source="sees") as sees,
        relay_of(gap.url, source="cut") as cut,
    ):
        await until(lambda: sees.cluster.addresses and cut.cluster.addresses)
        yield gap, sees, cut


async def test_after_a_partition_nobody_is_listed_twice_or_on_two_relays(nats: NatsServer) -> None:
    async with parted(nats) as (gap, sees, cut):
        member, stays = await cut.enter(name="Ada"), await sees.enter(name="Bob")
        await until(lambda: people(sees) == people(cut) == ["Ada", "Bob"])
        gap.cut()
        await until(lambda: people(sees) == ["Bob"] and people(cut) == ["Ada"])
        back = await sees.enter(name="Ada", resume=member.welcome["resume"])
        assert back.welcome["talker_id"] == member.welcome["talker_id"]
        gap.mend()
        assert await member.close_code() == 4409
        await until(
            lambda: people(sees) == people(cut) == ["Ada", "Bob"], lambda: (people(sees), people(cut))
        )
        heard = await hears(stays, back, PACKET.serialize())
        assert heard.talker_id == member.welcome["talker_id"]


async def test_a_member_who_came_back_to_where_it_was_cut_off_stays_there(nats: NatsServer) -> None:
    """Neither relay knew of the other's connections; the client's own count says which is the newest."""
    async with parted(nats) as (gap, sees, cut):
        first, watcher = await cut.enter(name="Ada", attempt="1"), await sees.enter(name="Bob")
        await until(lambda: people(sees) == people(cut) == ["Ada", "Bob"])
        gap.cut()
        await until(lambda: people(sees) == ["Bob"])
        resume = first.welcome["resume"]
        second = await sees.enter(name="Ada", attempt="2", resume=resume)
        newest = await cut.enter(name="Ada", attempt="3", resume=resume)
        gap.mend()
        assert await second.close_code() == 4409
        await until(
            lambda: people(sees) == people(cut) == ["Ada", "Bob"], lambda: (people(sees), people(cut))
        )
        assert (await hears(watcher, newest, PACKET.serialize())).talker_id == first.welcome["talker_id"]


async def test_what_a_member_did_elsewhere_meanwhile_is_seen_when_a_partition_heals(nats: NatsServer) -> None:
    async with parted(nats) as (gap, sees, cut):
        member, watcher = await cut.enter(name="Ada"), await cut.enter(name="Bob")
        other = await sees.enter(name="Eve")
        await until(lambda: people(sees) == ["Ada", "Bob", "Eve"])
        gap.cut()
        await until(lambda: people(sees) == ["Eve"])
        back = await sees.enter(name="Ada", resume=member.welcome["resume"])
        await back.socket.send_json({"type": "state", "muted": True, "away": False, "hand": True})
        room = sees.relay.lobby.room("home")
        await until(lambda: room.member(back.welcome["talker_id"]).muted)
        gap.mend()
        told = await watcher.text("state")
        assert (told["talker_id"], told["muted"], told["hand"]) == (member.welcome["talker_id"], True, True)
        assert not other.socket.closed


async def test_two_who_took_one_name_in_a_partition_have_two_names_when_it_heals(nats: NatsServer) -> None:
    async with parted(nats) as (gap, sees, cut):
        gap.cut()
        await until(lambda: not sees.cluster.addresses and cut.cluster.trouble)
        guest, host = await sees.enter(name="Ada"), await cut.enter(key=HOST_KEY, name="Ada")
        assert guest.welcome["name"] == host.welcome["name"] == "Ada"
        gap.mend()
        assert await guest.close_code() == 1001
        await until(lambda: people(sees) == people(cut) == ["Ada"], lambda: (people(sees), people(cut)))
        back = await sees.enter(name="Ada", resume=guest.welcome["resume"])
        assert back.welcome["name"] != "Ada"
        both = sorted(["Ada", back.welcome["name"]])
        await until(lambda: people(sees) == people(cut) == both, lambda: (people(sees), people(cut)))
        for member in (back, host):
            await member.socket.send_json({"type": "ping", "t0": 1})
            assert await member.text("pong")


async def test_a_server_that_lost_all_gets_the_invitations_of_those_who_are_there(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there):
        host = await here.enter(key=HOST_KEY, name="Host")
        await host.socket.send_json({"type": "lock", "locked": True})
        await until(lambda: there.relay.lobby.room_as_it_is("home").locked)
        nats.stop()
        await until(lambda: here.cluster.trouble and there.cluster.trouble)
        nats.forget()
        nats.start()
        async with stranger(nats.url) as bus:  # the newcomer would else be the first of a new service
            for key in ("host", f"i.{key_of('home')}", f"d.{key_of('home')}"):
                await until_stored(bus, Buckets.of("test").kept, key, lambda revision: revision > 0)
        own = InviteStore({"home": Invite("of-the-newcomer")}, "host-of-the-newcomer")
        async with relay_of(nats.url, source="newcomer", admission=own) as newcomer:
            await know_each_other(here, there, newcomer)
            await until(lambda: own.key("home") == KEY and own.host_key == HOST_KEY)
            assert here.relay.lobby.room_as_it_is("home").locked
            await until(lambda: newcomer.relay.lobby.room_as_it_is("home").locked)


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
