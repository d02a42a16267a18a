"""Programs whose relay drains or dies go on at another one; the relays are real ones."""

import asyncio
import os
import signal
from pathlib import Path
from time import perf_counter

import aiohttp
import pytest
from hearing import MOST_LOST_S, PACKET_S, anna_and_ben
from relay_fixture import PATIENCE_S, House
from relay_pair import link_to, pair_of_processes, relay_pair

import streamer
from streamer.wire.room_link import Address


async def test_when_a_relay_drains_its_members_go_on_at_another_one_and_nobody_loses_a_second_of_voice() -> (
    None
):
    async with relay_pair() as (house, other), anna_and_ben(link_to(house)) as (anna, ben, ears):
        await asyncio.wait_for(house.relay.drain(), PATIENCE_S)
        await ears.hear("Anna", after_s=perf_counter())
        assert ears.longest_gap_s < MOST_LOST_S
        assert await house.metric("streamer_connections") == 0
        await other.wait_for_metric("streamer_connections", 2)
        assert (anna.me.name, ben.me.name) == ("Anna", "Ben")
        assert [member.name for member in ben.members] == ["Anna"]


async def test_who_comes_back_to_a_relay_is_the_same_member_there() -> None:
    async with relay_pair() as (house, other), streamer.join(link_to(house), name="Anna") as anna:
        room_events = anna.events()
        await asyncio.wait_for(house.relay.drain(), PATIENCE_S)
        await other.wait_for_metric("streamer_connections", 1)
        house.relay.lobby.is_draining = False
        for socket in list(other.relay._sockets):
            socket.abort()
        async with asyncio.timeout(PATIENCE_S):
            while (
                await house.metric("streamer_connections") + await other.metric("streamer_connections") != 1
            ):
                await asyncio.sleep(PACKET_S)
        assert anna.me.name == "Anna"
        room_events.close()


@pytest.mark.parametrize("tls", [True, False])
async def test_when_a_relay_is_killed_its_members_come_back_through_another_one(
    tmp_path: Path, tls: bool
) -> None:
    with pair_of_processes(tmp_path, tls=tls) as (one, other):
        async with anna_and_ben(one.link, one.authority if tls else None) as (_, ben, ears):
            one.kill()
            killed = perf_counter()
            await ears.hear("Anna", after_s=killed + 0.1)
            await asyncio.to_thread(other.wait_for_members, 2)
            assert [member.name for member in ben.members] == ["Anna"]


async def test_sigterm_lets_the_members_move_before_the_relay_ends(tmp_path: Path) -> None:
    with pair_of_processes(tmp_path, tls=False) as (one, other):
        async with anna_and_ben(one.link) as (_, _, ears):
            os.kill(one.pid, signal.SIGTERM)
            await asyncio.to_thread(one.wait, PATIENCE_S)
            assert "members are asked to move to another relay" in one.log
            await asyncio.to_thread(other.wait_for_members, 2)
            await ears.hear("Anna", after_s=perf_counter())
            assert ears.longest_gap_s < MOST_LOST_S


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_a_draining_relay_at_once(tmp_path: Path, second: signal.Signals) -> None:
    options = ("--drain-s", "3600")
    with pair_of_processes(tmp_path, *options) as (one, _):
        house = House(aiohttp.ClientSession(), Address.parse(one.link).port)
        async with house.http:
            guest = await house.enter(room=Address.parse(one.link).room, key=Address.parse(one.link).key)
            os.kill(one.pid, signal.SIGTERM)
            assert (await guest.text("relays"))["move"]
            os.kill(one.pid, second)
            assert await guest.close_code() == 1001
            await asyncio.to_thread(one.wait, PATIENCE_S)
            assert "Traceback" not in one.log
