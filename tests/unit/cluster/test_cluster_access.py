"""A NATS server that lets in only whom it knows: by credentials, by password, each also over TLS alone."""

import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from time import time

import nkeys
import pytest
from audio_rig import wait_until
from cluster_fixture import know_each_other, people, relay_of, until
from nats_accounts import Accounts, Signer
from nats_server import NatsServer
from processes import START_S, RelayProcess

from streamer.relay.cluster.address import ClusterAddress
from streamer.relay.cluster.bus import Bus, BusError
from streamer.wire.room_link import Address

PASSWORD = "open sesame:7@/"
"""As people choose them: with what means something in an address."""
IN_ADDRESS = "open%20sesame%3A7%40%2F"


def certified(folder: Path) -> tuple[Path, list[str]]:
    """A certificate, and lines that have the server demand TLS by it."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", "-x509", *curve, *subject, *files], check=True, capture_output=True)
    return certificate, [f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}']


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


@pytest.fixture
def secured(tmp_path: Path, accounts: Accounts) -> Iterator[tuple[NatsServer, Path]]:
    """It knows users by their tokens, and speaks TLS alone; with its certificate."""
    certificate, lines = certified(tmp_path)
    with NatsServer(tmp_path / "nats", *accounts.lines, *lines) as nats:
        yield nats, certificate


async def refusal(address: ClusterAddress) -> str:
    with pytest.raises(BusError) as refused:
        await Bus(address).open("test")
    return str(refused.value)


async def test_relays_form_one_service_by_their_credentials_over_tls(
    secured: tuple[NatsServer, Path], accounts: Accounts, tmp_path: Path
) -> None:
    nats, certificate = secured
    addresses = [
        ClusterAddress.parse(
            nats.url.replace("nats://", "tls://"), "test", accounts.write_user(tmp_path / name), certificate
        )
        for name in ("a.creds", "b.creds")
    ]
    async with (
        relay_of(nats.url, source="a", address=addresses[0]) as here,
        relay_of(nats.url, source="b", address=addresses[1]) as there,
    ):
        await know_each_other(here, there)
        guests = [await here.enter(name="Ada"), await there.enter(name="Bob")]
        await until(lambda: people(here) == people(there) == ["Ada", "Bob"])
        assert not any(guest.socket.closed for guest in guests)


async def test_who_has_no_credentials_or_those_of_others_is_not_let_in_and_told_so(
    secured: tuple[NatsServer, Path], accounts: Accounts, tmp_path: Path
) -> None:
    nats, certificate = secured
    url = nats.url.replace("nats://", "tls://")
    strangers = accounts.write_user(tmp_path / "strange.creds", signer=Signer(nkeys.PREFIX_BYTE_ACCOUNT))
    over = accounts.write_user(tmp_path / "over.creds", ends_s=int(time()) - 60)
    empty = tmp_path / "empty.creds"
    empty.touch()
    for credentials in (None, strangers, over, empty):
        assert await refusal(ClusterAddress.parse(url, "test", credentials, certificate))
    good = accounts.write_user(tmp_path / "good.creds")
    assert await refusal(ClusterAddress.parse(url, "test", good))  # it does not trust this server
    # Nor does this server speak without TLS.
    assert await refusal(ClusterAddress.parse(nats.url, "test", good))
    bus = Bus(ClusterAddress.parse(url, "test", good, certificate))
    await bus.open("test")
    assert bus.is_here
    await bus.close()


async def test_a_password_opens_a_server_that_demands_it_and_no_other_does(tmp_path: Path) -> None:
    certificate, lines = certified(tmp_path)
    access = f'authorization {{ user: relay, password: "{PASSWORD}" }}'
    with NatsServer(tmp_path / "nats", access, *lines) as nats:
        port = nats.port
        for user in ("", "relay@", "relay:wrong@", f"other:{IN_ADDRESS}@"):
            words = await refusal(
                ClusterAddress.parse(f"tls://{user}127.0.0.1:{port}", "test", None, certificate)
            )
            assert PASSWORD not in words
        bus = Bus(
            ClusterAddress.parse(f"tls://relay:{IN_ADDRESS}@127.0.0.1:{port}", "test", None, certificate)
        )
        await bus.open("test")
        assert bus.is_here
        await bus.close()


def test_serve_takes_credentials_and_the_authority_of_the_server(
    secured: tuple[NatsServer, Path], accounts: Accounts, tmp_path: Path
) -> None:
    nats, certificate = secured
    credentials = accounts.write_user(tmp_path / "relay.creds")
    options = ["--cluster-credentials", str(credentials), "--cluster-ca", str(certificate)]
    url = nats.url.replace("nats://", "tls://")
    with RelayProcess(tmp_path / "one", "--no-tls", "--cluster", url, *options) as one:
        metrics = f"http://127.0.0.1:{Address.parse(one.link).port}/metrics"

        def is_connected() -> bool:
            with urllib.request.urlopen(metrics, timeout=START_S) as answer:
                return b"streamer_cluster_up 1" in answer.read()

        wait_until(is_connected, START_S, lambda: one.log)
        seed = credentials.read_text().split("SEED-----\n")[1].split("\n")[0]
        assert seed not in one.log
