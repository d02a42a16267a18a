"""`streamer serve --workers 2`, all of it real: rooms come together, and nothing is left behind."""

import asyncio
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path
from time import perf_counter, time

import numpy as np
from audio_rig import wait_until
from cluster_fixture import hears, people, relays, until
from hearing import MOST_LOST_S, anna_and_ben
from measured import measured
from nats_server import NatsServer
from processes import START_S
from psutil import STATUS_ZOMBIE, NoSuchProcess, Process, wait_procs
from recordings import session_of
from relay_fixture import PACKET, PATIENCE_S
from workers_fixture import (
    BACK,
    FAR_ROOM,
    FRONT,
    WorkersProcess,
    address_at,
    family_of,
    from_address,
)

import streamer
from streamer.client.audio.codec import Encoder
from streamer.client.connection import Link
from streamer.wire.close_codes import REMOVED, REPLACED
from streamer.wire.room_link import Address

STOPS = 3
"""A machine on which a process takes ten seconds to start may hold up one of them."""


async def test_who_comes_by_the_shared_port_ends_in_the_home_of_the_room_and_comes_back_when_that_is_killed(
    tmp_path: Path,
) -> None:
    with WorkersProcess(tmp_path, "--no-tls") as relay:
        async with anna_and_ben(relay.link_to(FAR_ROOM)) as (anna, ben, ears):
            ids = anna.me.talker_id, ben.me.talker_id
            await relay.until_members(BACK, 2)
            await relay.until_members(FRONT, 0)
            await ears.hear("Anna", after_s=perf_counter())
            assert ears.longest_gap_s < MOST_LOST_S
            assert (anna.me.talker_id, ben.me.talker_id) == ids
            os.kill(relay.pid_of(BACK), signal.SIGKILL)
            killed_s = perf_counter()
            await ears.hear("Anna", after_s=killed_s + 0.1)
            measured("until all talk again after kill -9 of a worker", perf_counter() - killed_s)
            await relay.until_members(BACK, 2)
            await ears.hear("Anna", after_s=perf_counter())
            assert (anna.me.talker_id, ben.me.talker_id) == ids
            assert [member.name for member in ben.members] == ["Anna"]
        assert "SIGKILL): it is started again" in relay.log


async def test_members_who_can_not_move_talk_across_and_are_let_be(tmp_path: Path) -> None:
    with WorkersProcess(tmp_path, "--no-tls", "--deadline-ms", str(PATIENCE_S * 1000)) as relay:
        link = await Link.open_over_http(Address.parse(relay.link_to(FAR_ROOM)), name="By HTTP")
        running = asyncio.create_task(link.run(lambda packet, now: None, lambda said, now: None))
        async with from_address("127.0.0.1") as here, from_address(address_at(BACK)) as there:
            away = await relay.enter(here, FAR_ROOM, "Away")
            home = await relay.enter(there, FAR_ROOM, "Home")
            assert (await hears(home, away, PACKET.serialize())).talker_id == away.welcome["talker_id"]
            address = f"http://127.0.0.1:{relay.port_of(BACK)}"
            asked = await away.text("relays")
            while not asked["move"]:
                asked = await away.text("relays")
            assert asked["relays"] == [address]
            let_be = await away.text("relays")
            assert (let_be["move"], let_be["relays"][0]) == (False, address)
            assert (await hears(away, home, PACKET.serialize())).talker_id == home.welcome["talker_id"]
            link.send_control({"type": "chat", "text": "Hello"})
            assert (await home.text("chat"))["text"] == "Hello"
            assert (relay.members_of(FRONT), relay.members_of(BACK)) == (2, 1)
        await link.leave()
        await asyncio.wait_for(running, PATIENCE_S)


async def test_a_worker_that_is_stopped_alone_hands_its_members_over(tmp_path: Path) -> None:
    with WorkersProcess(tmp_path, "--no-tls") as relay:
        async with anna_and_ben(relay.link_to(FAR_ROOM)) as (_, ben, ears):
            gaps_s: list[float] = []
            while not gaps_s or (gaps_s[-1] >= MOST_LOST_S and len(gaps_s) < STOPS):
                await relay.until_members(BACK, 2)
                began_s = perf_counter()
                os.kill(relay.pid_of(BACK), signal.SIGTERM)
                await relay.until_members(FRONT, 2)
                await relay.until_members(BACK, 2)
                await ears.hear("Anna", after_s=perf_counter())
                gaps_s.append(ears.longest_gap_after(began_s))
                assert [member.name for member in ben.members] == ["Anna"]
            assert gaps_s[-1] < MOST_LOST_S, gaps_s


async def test_sigterm_ends_all_processes_says_goodbye_and_leaves_nothing(tmp_path: Path) -> None:
    with WorkersProcess(tmp_path, "--no-tls") as relay:
        family = family_of(relay.pid)
        assert len(family) == 3  # two workers, and nats-server
        async with from_address("127.0.0.1") as http:
            guest = await relay.enter(http, FAR_ROOM, "Guest")
            os.kill(relay.pid, signal.SIGTERM)
            assert await guest.close_code() == 1001
        await asyncio.to_thread(relay.wait, START_S)
        assert wait_procs(family, PATIENCE_S)[1] == []
        assert list((tmp_path / "streamer").glob(".workers-*")) == []
        _take(Address.parse(relay.link_to(FAR_ROOM)).port)


async def test_no_child_outlives_a_parent_that_is_killed_and_the_next_start_tidies_up(tmp_path: Path) -> None:
    with WorkersProcess(tmp_path, "--no-tls", exit_code=None) as relay:
        family = family_of(relay.pid)
        port = Address.parse(relay.link_to(FAR_ROOM)).port
        relay.kill()
        await asyncio.to_thread(
            wait_until, lambda: not any(map(_lives, family)), PATIENCE_S, lambda: f"{family} live"
        )
        _take(port)
        assert len(list((tmp_path / "streamer").glob(".workers-*"))) == 1
    with WorkersProcess(tmp_path, "--no-tls") as relay:
        assert len(list((tmp_path / "streamer").glob(".workers-*"))) == 1  # its own


def _lives(process: Process) -> bool:
    """What has ended may wait long for whoever has taken its parent's place."""
    with suppress(NoSuchProcess):
        return process.status() != STATUS_ZOMBIE
    return False


async def test_with_tls_and_a_join_page_the_links_lead_in(tmp_path: Path) -> None:
    page_port = _free()
    with WorkersProcess(tmp_path, "--http-port", str(page_port)) as relay:
        link = Address.parse(relay.link_to(FAR_ROOM))
        assert link.secure
        talking = anna_and_ben(relay.link_to(FAR_ROOM), relay.authority)
        async with talking as (_, _, ears), from_address("127.0.0.1") as http:
            for port in (page_port, link.port, relay.port_of(FRONT)):
                async with http.get(f"http://127.0.0.1:{port}/trust.json") as answer:
                    assert (await answer.json())["host"] == f"127.0.0.1:{link.port}"
            await ears.hear("Anna", after_s=perf_counter())


def _take(port: int) -> None:
    """Nobody has it any more."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        probe.listen()


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_whoever_watches_all_workers_hears_of_each_coming_going_and_line_once(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "nats") as nats:
        async with relays(nats.url, 2) as (one, two):
            watchers = []
            for house in (one, two):
                house.cluster.tells_own_events_only = True
                watchers.append(house.relay.lobby.events.watch(""))
                await house.enter(name="Watcher")  # so that the room is used on both
            anna = await one.enter(name="Anna")
            await until(lambda: "Anna" in people(two))
            await anna.socket.send_json({"type": "chat", "text": "Hello"})
            moved = await two.enter(name="Anna", resume=anna.welcome["resume"])
            assert moved.welcome["talker_id"] == anna.welcome["talker_id"]
            assert await anna.close_code() == REPLACED
            await moved.socket.send_json({"type": "leave"})
            await until(lambda: "Anna" not in people(one) + people(two))
            events = [event for watcher in watchers if watcher for event in watcher.take()]
            kinds = [event.kind for event in events if '"Anna"' in event.data]
            assert sorted(kinds) == ["chat", "joined", "left"], events


async def test_the_worker_that_has_the_room_records_it_for_the_host(tmp_path: Path) -> None:
    payload = Encoder().encode(np.sin(np.arange(480)).astype(np.float32))
    with WorkersProcess(tmp_path, "--no-tls", "--record", str(tmp_path / "records")) as relay:
        key = Address.parse(relay.host_link).key
        host = streamer.join(f"{relay.origin}/#room={FAR_ROOM}&key={key}", name="Ada")
        async with host, anna_and_ben(relay.link_to(FAR_ROOM)) as (_, ben, _):
            await relay.until_members(BACK, 3)
            host.send({"type": "record", "on": True})
            await until(lambda: ben.recording.on)
            assert relay.members_of(BACK) == 4
            assert relay.members_of(FRONT) == 0
            await until(lambda: host.send_packet(payload) or list((tmp_path / "records").glob("*/*.opus")))
            host.send({"type": "record", "on": False})
            await until(lambda: not ben.recording.on)
        [file] = (tmp_path / "records").glob("*/*.opus")
        await until(lambda: session_of(file.parent)["complete"] is True)


async def test_a_child_of_the_parent_comes_in_at_each_worker_until_its_token_is_taken_back(
    tmp_path: Path,
) -> None:
    with NatsServer(tmp_path / "nats") as nats:
        async with relays(nats.url, 2) as (one, two):
            tokens = one.relay._tokens
            token_id, secret = tokens.lend("Captions", frozenset({"caption"}), "", time())
            await until(lambda: two.relay._tokens.has(token_id))
            child = await two.enter(name="Captions", key="", token=secret)
            assert child.welcome["rights"] == ["caption"]
            tokens.take_back(token_id)
            assert await child.close_code() == REMOVED
