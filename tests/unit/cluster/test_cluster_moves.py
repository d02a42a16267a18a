"""Members of a relay that drains go on at another one of its service without a gap, however long that
takes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest
from cluster_fixture import people, relays, until
from hearing import MOST_LOST_S, anna_and_ben
from misbehaving_proxy import misbehaving
from nats_server import NatsServer
from relay_fixture import PATIENCE_S
from relay_pair import link_to

from streamer.client.relays import MOVE_PATIENCE_S


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as nats:
        yield nats


async def test_a_move_to_a_relay_that_is_slow_to_let_us_in_costs_no_voice(nats: NatsServer) -> None:
    async with (
        relays(nats.url, 2) as (here, there),
        misbehaving(there.port, strips_upgrade=False, delays_s=0.3 * MOVE_PATIENCE_S) as proxy,
        anna_and_ben(link_to(here)) as (anna, ben, ears),
    ):
        here.relay.other_relays.find([f"http://127.0.0.1:{proxy.port}"])
        await asyncio.wait_for(here.relay.drain(), PATIENCE_S)
        await ears.hear("Anna", after_s=perf_counter())
        assert ears.longest_gap_s < MOST_LOST_S
        assert proxy.websockets == 2  # nobody gave one up; each asks twice: first by which port it is secure
        await until(lambda: people(here) == people(there) == ["Anna", "Ben"])
        assert (anna.me.name, [member.name for member in ben.members]) == ("Anna", ["Anna"])


async def test_who_was_let_in_by_an_attempt_that_it_had_given_up_is_not_out_for_good(
    nats: NatsServer,
) -> None:
    async with (
        relays(nats.url, 2) as (here, there),
        misbehaving(there.port, strips_upgrade=False, delays_s=0.6 * MOVE_PATIENCE_S) as proxy,
        anna_and_ben(link_to(here)) as (_, ben, ears),
    ):
        here.relay.other_relays.find([f"http://127.0.0.1:{proxy.port}"])
        draining = asyncio.create_task(here.relay.drain())
        await until(lambda: proxy.websockets >= 2)
        proxy.delays_s = 0.0
        await asyncio.wait_for(draining, PATIENCE_S)
        await until(
            lambda: people(here) == people(there) == ["Anna", "Ben"] and len(there.relay._sockets) == 2
        )
        await ears.hear("Anna", after_s=perf_counter())
        assert [member.name for member in ben.members] == ["Anna"]


async def test_who_moves_within_a_service_is_seen_to_stay_and_keeps_the_floor(nats: NatsServer) -> None:
    async with (
        relays(nats.url, 2) as (here, there),
        anna_and_ben(link_to(here)) as (anna, _, ears),
    ):
        watcher = await there.enter(name="Watcher")
        here.relay.lobby.room("home").switch_floor(on=True)
        here.relay.lobby.room("home").tell_floor()
        await until(lambda: there.relay.lobby.room("home").floor.is_on)
        anna._session.send_control({"type": "floor", "wants": True})
        await until(lambda: there.relay.lobby.room("home").floor.holder == anna.me.talker_id)
        here.relay.other_relays.find([there.url])
        await asyncio.wait_for(here.relay.drain(), PATIENCE_S)
        await until(lambda: len(there.relay._sockets) == 3 and people(here) == people(there))
        await ears.hear("Anna", after_s=perf_counter())
        rooms = [house.relay.lobby.room("home") for house in (here, there)]
        assert {room.floor.holder for room in rooms} == {anna.me.talker_id}
        await watcher.socket.send_json({"type": "chat", "text": "that was all"})
        kinds = []
        while not kinds or kinds[-1] != "chat":
            message = await asyncio.wait_for(watcher.socket.receive(), PATIENCE_S)
            kinds += [message.json()["type"]] if message.type.name == "TEXT" else []
        assert "left" not in kinds
