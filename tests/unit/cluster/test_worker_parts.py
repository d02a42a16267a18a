"""What `--workers` is made of, each for itself; the whole is in test_workers.py."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from processes import STREAMER
from relay_fixture import PATIENCE_S

from streamer.errors import SetupError
from streamer.relay.access.limits import RelayLimits
from streamer.relay.access.other_relays import OtherRelays
from streamer.relay.access.tokens import TokenStore
from streamer.relay.cluster.address import ClusterAddress
from streamer.relay.cluster.bus import Bus, BusError
from streamer.relay.options import ServeOptions
from streamer.relay.workers.channel import PAGE, RELAY, WorkerEnd, channel, hand_over, send
from streamer.relay.workers.options import MAX_WORKERS, WorkerOptions
from streamer.relay.workers.own_nats import OwnNats, find_nats
from streamer.relay.workers.ranks import ranked
from streamer.relay.workers.told import Told
from streamer.wire.relay_address import MAX_RELAYS

ROOMS = [f"room{number}" for number in range(2_000)]


def test_rooms_are_shared_out_evenly_among_the_workers() -> None:
    counts = Counter(ranked(room, range(1, 5))[0] for room in ROOMS)
    assert all(400 < counts[worker] < 600 for worker in range(1, 5)), counts


def test_where_a_worker_goes_only_its_rooms_move_and_each_to_its_next_worker() -> None:
    for room in ROOMS:
        first, second, *_ = ranked(room, (1, 2, 3, 4))
        left = [worker for worker in (1, 2, 3, 4) if worker != first]
        assert ranked(room, left)[0] == second
        assert ranked(room, [worker for worker in (1, 2, 3, 4) if worker != second])[0] == first


def test_a_client_is_told_of_all_workers() -> None:
    assert MAX_WORKERS <= MAX_RELAYS


@pytest.mark.parametrize(
    ("workers", "worker_port", "words"),
    [(1, 9000, "--workers 2 or more"), (2, 65_535, "too high"), (4, 8440, "port 8443"), (2, 79, "port 80")],
)
def test_ports_that_workers_can_not_have_are_refused_in_words(
    workers: int, worker_port: int, words: str
) -> None:
    with pytest.raises(SetupError, match=words):
        WorkerOptions(workers, worker_port).check(8443, 80)


def test_other_ports_and_one_process_are_taken() -> None:
    WorkerOptions(1).check(8443, None)
    WorkerOptions(2, 8444).check(8443, None)


@pytest.mark.parametrize("count", ["0", "9", "-1", "many"])
def test_a_number_of_workers_that_can_not_be_is_refused_in_words(count: str, tmp_path: Path) -> None:
    command = [STREAMER, "serve", "--workers", count, "--data-dir", tmp_path]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "--workers" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_nats_server_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    with pytest.raises(SetupError, match="apt install nats-server"):
        find_nats()


async def test_a_nats_server_that_ends_at_once_is_told_in_its_own_words(tmp_path: Path) -> None:
    program = tmp_path / "nats-server"
    program.write_text("#!/bin/sh\necho 'no room for me' >&2\nexit 1\n")
    program.chmod(0o700)
    nats = OwnNats(str(program), tmp_path)
    with pytest.raises(SetupError, match="no room for me"):
        await nats.start()
    await nats.stop()
    assert list(tmp_path.glob(".workers-*")) == []


async def test_a_nats_server_that_is_killed_is_there_again_at_the_same_address(tmp_path: Path) -> None:
    nats = OwnNats(find_nats(), tmp_path)
    await nats.start()
    address, running = ClusterAddress.parse(nats.url, "test"), asyncio.create_task(nats.run())
    first = Bus(address)
    await first.open("first")
    [killed] = psutil.Process().children()
    killed.kill()
    await asyncio.wait_for(first.lost.wait(), PATIENCE_S)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            again = Bus(address)
            with suppress(BusError):
                await again.open("again")
                break
            await asyncio.sleep(0.05)
    assert again.is_here
    for bus in (first, again):
        await bus.close()
    running.cancel()
    await nats.stop()
    assert psutil.Process().children() == []


async def test_nobody_without_the_password_is_let_in(tmp_path: Path) -> None:
    nats = OwnNats(find_nats(), tmp_path)
    await nats.start()
    port = nats.url.rpartition(":")[2]
    with pytest.raises(BusError, match=r"(?i)authorization"):
        await Bus(ClusterAddress.parse(f"nats://127.0.0.1:{port}", "test")).open("stranger")
    await nats.stop()


def test_the_folder_of_a_relay_that_runs_is_not_tidied_up(tmp_path: Path) -> None:
    first = OwnNats("nats-server", tmp_path)
    second = OwnNats("nats-server", tmp_path)
    assert len(list(tmp_path.glob(".workers-*"))) == 2
    asyncio.run(first.stop())
    asyncio.run(second.stop())
    assert list(tmp_path.glob(".workers-*")) == []


def test_what_a_worker_is_told_comes_as_it_was_said() -> None:
    options = ServeOptions(
        Path("/srv/streamer"), ("home", "Küche"), host="::", cert=Path("c.pem"), key=Path("k.pem"),
        trust_proxies=("10.0.0.0/8",), other_relays=("https://b.test",), cluster="nats://u:p@h",
        record=Path("/r"), renew=True, mdns=True, captions=True,
    )  # fmt: skip
    told = Told(2, os.getpid(), 8443, 0, True, options, RelayLimits(max_members=7))
    assert Told.parse(told.serialize()) == told
    own = told.worker_options
    assert (own.renews, own.mdns, own.captions, own.port) == (False, False, False, 0)


def test_a_worker_without_a_parent_says_who_starts_it() -> None:
    ended = subprocess.run(
        [STREAMER, "worker"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.strip() == "Error: only `streamer serve --workers` starts workers"


async def test_a_connection_goes_over_with_what_was_sent_already_and_its_address() -> None:
    own, theirs = channel()
    worker = WorkerEnd(theirs)
    worker.listen()
    told: list[dict[int, str]] = []
    worker.on_workers = told.append
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for kind, arrivals in ((RELAY, worker.relay), (PAGE, worker.join_page)):
            with socket.create_connection(listener.getsockname(), 5) as client:
                client.sendall(b"GET /")
                peer, _ = listener.accept()
                with peer:
                    assert hand_over(own, peer, kind)
                taken, address = await asyncio.wait_for(arrivals.accept(), 5)
                with taken:
                    assert address == "127.0.0.1"
                    assert await asyncio.get_running_loop().sock_recv(taken, 99) == b"GET /"
    send(own, {"type": "workers", "addresses": {1: "https://a.test:1", 2: ""}})
    own.close()
    await asyncio.wait_for(worker.ended.wait(), 5)
    assert told == [{1: "https://a.test:1", 2: ""}]
    worker.close()


async def test_a_worker_that_takes_nothing_is_passed_over() -> None:
    own, theirs = channel()
    with socket.create_server(("127.0.0.1", 0)) as listener, theirs:
        given = 0
        while hand_over(own, listener, RELAY):
            given += 1
        assert given > 10
    own.close()


def test_pages_may_use_all_processes_beside_and_members_find_the_next_home_first() -> None:
    others = OtherRelays(["https://b.test"])
    changes: list[list[str]] = []
    others.on_change = lambda: changes.append(others.addresses)
    others.find(["https://a.test:2", "https://a.test:3"])
    others.stand_beside(["https://a.test:1", "https://a.test:2", "https://a.test:3"])
    others.near = lambda room: ["https://a.test:3"] if room == "home" else []
    assert others.has_origin("https://a.test:1")
    assert " https://a.test:1 wss://a.test:1" in others.sources
    assert others.addresses_for("home") == ["https://a.test:3", "https://b.test", "https://a.test:2"]
    assert others.addresses_for("garage") == others.addresses
    assert len(changes) == 2
    others.leave_out()
    assert others.addresses_for("home") == ["https://b.test"]


def test_a_token_for_a_child_is_good_on_the_other_workers_until_it_is_taken_back() -> None:
    tokens, others = TokenStore(), TokenStore()
    tokens.on_changed = lambda: others.share(tokens.valid_here)
    token_id, secret = tokens.lend("Captions", frozenset({"caption"}), "", 0.0)
    assert others.admit(secret, "home").token_id == token_id
    tokens.take_back(token_id)
    assert not others.has(token_id)
