"""`streamer serve --cluster` as its operator starts it; relays that are killed, and passwords that nobody may
read."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from cluster_fixture import until
from hearing import MOST_LOST_S, anna_and_ben
from measured import measured
from nats_server import NatsServer
from processes import RelayProcess
from relay_fixture import PATIENCE_S, Guest

from streamer.errors import SetupError
from streamer.relay.cluster.address import ClusterAddress
from streamer.relay.cluster.bus import Bus, BusError
from streamer.relay.cluster.peers import BEAT_S, DEAD_S

PASSWORD = "open-sesame-7"


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    access = f"authorization {{ user: relay, password: {PASSWORD} }}"
    with NatsServer(tmp_path / "nats", access) as nats:
        yield nats


async def enter(http: aiohttp.ClientSession, relay: RelayProcess, name: str, **query: str) -> Guest:
    parts = urlsplit(relay.link)
    query |= {field: values[0] for field, values in parse_qs(parts.fragment).items()}
    url = f"{parts.scheme}://{parts.netloc}/ws"
    guest = Guest(await http.ws_connect(url, params={**query, "name": name}, protocols=["streamer.v1"]))
    guest.welcome = await guest.text("welcome")
    return guest


async def test_members_of_a_killed_relay_come_back_by_another_one(nats: NatsServer, tmp_path: Path) -> None:
    url = nats.url.replace("nats://", f"nats://relay:{PASSWORD}@")
    with ExitStack() as stack:
        relays = [
            stack.enter_context(RelayProcess(tmp_path / name, "--no-tls", "--cluster", url, exit_code=None))
            for name in ("one", "two")
        ]
        one, two = relays
        assert urlsplit(one.link).fragment == urlsplit(two.link).fragment
        async with aiohttp.ClientSession() as http:
            watcher, member = await enter(http, two, "Watcher"), await enter(http, one, "Ada")
            assert (await watcher.text("joined"))["name"] == "Ada"
            one.kill()
            killed_s = perf_counter()
            left = await watcher.text("left")
            measured("until the members of a killed relay leave the list", perf_counter() - killed_s)
            back = await enter(http, two, "Ada", resume=member.welcome["resume"])
            assert left["talker_id"] == back.welcome["talker_id"] == member.welcome["talker_id"]
            assert (await watcher.text("joined"))["name"] == "Ada"
        assert not [relay for relay in relays if PASSWORD in relay.log]


async def test_the_members_of_a_relay_that_drains_go_on_as_themselves_at_one_that_nats_has_named(
    nats: NatsServer, tmp_path: Path
) -> None:
    url = nats.url.replace("nats://", f"nats://relay:{PASSWORD}@")
    with ExitStack() as stack:
        one, two = (
            stack.enter_context(RelayProcess(tmp_path / name, "--no-tls", "--cluster", url))
            for name in ("one", "two")
        )
        async with aiohttp.ClientSession() as http, anna_and_ben(one.link) as (anna, ben, ears):
            ids = anna.me.talker_id, ben.me.talker_id
            watcher = await enter(http, two, "Watcher")
            guest = await enter(http, one, "Guest")
            if not guest.welcome["relays"]:
                assert (await guest.text("relays"))["relays"]
            os.kill(one.pid, signal.SIGTERM)
            await asyncio.to_thread(one.wait, PATIENCE_S)
            await ears.hear("Anna", after_s=perf_counter())
            assert ears.longest_gap_s < MOST_LOST_S
            assert (anna.me.talker_id, ben.me.talker_id) == ids
            await until(lambda: sorted(member.name for member in ben.members) == ["Anna", "Watcher"])
            assert watcher.socket.closed is False


async def test_a_relay_speaks_tls_to_nats_and_trusts_only_its_authority(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", "-x509", *curve, *subject, *files], check=True, capture_output=True)
    with NatsServer(tmp_path / "nats", f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}') as nats:
        url = nats.url.replace("nats://", "tls://")
        bus = Bus(ClusterAddress.parse(url, "test", ca_file=certificate))
        await bus.open("test")
        assert bus.is_here
        await bus.close()
        with pytest.raises(BusError):
            await Bus(ClusterAddress.parse(url, "test")).open("test")


def test_the_dead_leave_the_list_within_three_seconds() -> None:
    looks_s = BEAT_S / 2
    assert DEAD_S + looks_s < 3


@pytest.mark.parametrize(
    "url",
    ["mqtt://relay:open-sesame-7@host", "nats://", "nats://relay:open-sesame-7@host:0", "nats://h/path",
     "nats://h\n",
     "nats://relay:open-sesame-7@host:x", "nats://[relay:open-sesame-7@host"],
)  # fmt: skip
def test_an_address_that_leads_nowhere_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SetupError) as refusal:
        ClusterAddress.parse(url, "default")
    assert PASSWORD not in str(refusal.value)


@pytest.mark.parametrize("name", ["", "a b", "x" * 33, "a.b", "a>", "ä"])
def test_a_name_that_nats_does_not_take_is_refused(name: str) -> None:
    with pytest.raises(SetupError):
        ClusterAddress.parse("nats://host", name)


def test_a_password_is_in_no_text_of_an_address() -> None:
    address = ClusterAddress.parse(f"tls://relay:{PASSWORD}@host:4333", "default")
    assert PASSWORD not in f"{address} {address!r}"
    assert (address.password, str(address)) == (PASSWORD, "tls://host:4333")
