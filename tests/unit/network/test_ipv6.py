"""A relay by IPv6: where it listens, what its links, certificate, origins and name say."""

import asyncio
import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from audio_rig import wait_until
from computer import Computer, RelayThere, a_computer
from host import hosting
from printed_links import PrintedLinks
from relay_fixture import PATIENCE_S, Guest

import streamer
from streamer.errors import SetupError
from streamer.relay.network import addresses, places
from streamer.relay.network.addresses import has_ipv6, site, to_be_typed
from streamer.relay.network.places import EVERYWHERE, EVERYWHERE_IPV6, place
from streamer.wire.room_link import Address

pytestmark = pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 here")

OPEN = """
import ssl, sys, urllib.request
trust = ssl.create_default_context(cafile=sys.argv[2])
print(urllib.request.urlopen(sys.argv[1], context=trust, timeout=20).read().decode())
"""


async def test_a_relay_at_a_literal_address_is_entered_by_its_link_from_its_own_page(tmp_path: Path) -> None:
    async with hosting(tmp_path, host="::1") as host:
        link = PrintedLinks(host.log).to_talk["home"]
        origin = f"https://[::1]:{host.port}"
        assert link.startswith(f"{origin}/#room=home")
        async with streamer.join(link, name="Anna", ca_file=tmp_path / "ca.pem") as room:
            assert room.name == "home"
        trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        connector = aiohttp.TCPConnector(ssl=trust)
        async with aiohttp.ClientSession(connector=connector) as http:
            url = Address.parse(link).socket_url("Ben")
            guest = Guest(await http.ws_connect(url, protocols=["streamer.v1"], headers={"Origin": origin}))
            welcome = await asyncio.wait_for(guest.text("welcome"), PATIENCE_S)
            assert welcome["join_origin"] == f"http://[::1]:{host.port}"
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await http.ws_connect(
                    url, protocols=["streamer.v1"], headers={"Origin": "https://[::2]:8443"}
                )


async def test_the_join_page_at_a_literal_address_leads_to_the_same(tmp_path: Path) -> None:
    async with hosting(tmp_path, host="::1") as host, aiohttp.ClientSession() as http:
        async with http.get(f"http://[::1]:{host.port}/trust.json") as answer:
            assert (await answer.json())["host"] == f"[::1]:{host.port}"
        link = next(line for line in host.log.split() if line.startswith("http://[::1]:"))
        async with streamer.join(link, name="Anna", ca_file=tmp_path / "ca.pem") as room:
            assert room.name == "home"


def test_both_kinds_are_listened_to_by_default_where_there_are_both(monkeypatch: pytest.MonkeyPatch) -> None:
    assert place(None, no_tls=False).bind == EVERYWHERE_IPV6
    monkeypatch.setattr(places, "has_ipv6", lambda: False)
    monkeypatch.setattr(places, "needs_ipv6", lambda: False)
    assert place(None, no_tls=False).bind == EVERYWHERE


def test_the_computer_s_own_name_under_local_is_listened_to_everywhere_and_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("platform.node", lambda: "talk")
    found = place("Talk.local", no_tls=False)
    assert (found.is_everywhere, found.name) == (True, "talk.local")


@pytest.mark.parametrize("host", ["fe80::1", "fe80::1%eth0", "[fe80::1%eth0]"])
def test_a_link_local_address_is_refused_with_a_reason_and_a_way(host: str) -> None:
    with pytest.raises(SetupError, match="browsers can't open links with the link-local address"):
        place(host, no_tls=False)


def test_links_hold_ipv4_where_there_is_both_and_leave_out_the_usual_port() -> None:
    assert to_be_typed(["10.0.0.2", "fd00::2"]) == ["10.0.0.2"]
    assert to_be_typed(["fd00::2"]) == ["fd00::2"]
    assert [site("https", "fd00::2", 443), site("http", "10.0.0.2", 8080)] == [
        "https://[fd00::2]",
        "http://10.0.0.2:8080",
    ]


def test_addresses_of_both_kinds_are_found_ipv4_first(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [("eth0", "fd00::2"), ("eth0", "10.0.0.2"), ("eth0", "2001:db8::2")]
    monkeypatch.setattr(addresses, "_all_addresses", lambda: iter(pairs))
    monkeypatch.setattr(addresses, "default_address", lambda: None)
    assert addresses.usable_addresses(with_ipv6=True) == ["10.0.0.2", "fd00::2", "2001:db8::2"]
    assert addresses.usable_addresses() == ["10.0.0.2"]


async def test_a_new_address_of_ipv6_is_certified_and_interrupts_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = ["127.0.0.1"]
    monkeypatch.setattr("streamer.relay.network.places.usable_addresses", lambda **_: list(now))
    monkeypatch.setattr("streamer.relay.serve.FOLLOW_S", 0.01)
    async with hosting(tmp_path, host=None) as host:
        now[:] = ["127.0.0.1", "fd00::77"]
        await host.hears("The certificate was renewed.")
        assert "have changed" not in host.log
        now[:] = ["127.0.0.3", "fd00::77"]
        await host.hears("have changed")


@pytest.mark.parametrize(
    ("link", "socket"),
    [
        ("https://[fe80::1%25eth0]:8443/#room=home", "wss://[fe80::1%25eth0]:8443/ws?room=home"),
        ("https://[2001:db8::1]/voice/#room=home", "wss://[2001:db8::1]:443/voice/ws?room=home"),
        ("https://example.org/voice#room=home", "wss://example.org:443/ws?room=home"),
        ("https://example.org/a/voice/?x#room=home", "wss://example.org:443/a/voice/ws?room=home"),
    ],
)
def test_a_link_with_a_zone_or_a_path_leads_to_the_socket_there(link: str, socket: str) -> None:
    assert Address.parse(link).socket_url() == socket


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Computer]:
    """With an address of each kind."""
    with a_computer(tmp_path) as computer:
        computer.add_network("wifi0", "10.79.1.1")
        computer.run("ip", "addr", "add", "fd00:79::1/64", "dev", "wifi0", "nodad")
        yield computer


def test_both_addresses_and_the_name_lead_to_a_relay_by_default(tmp_path: Path, computer: Computer) -> None:
    with RelayThere(tmp_path / "relay", computer) as relay:
        assert "http://10.79.1.1:8443/#room=home" in relay.log
        for host in ("10.79.1.1", "[fd00:79::1]", "[::1]"):
            said = computer.run(
                sys.executable, "-c", OPEN, f"https://{host}:8443/healthz", str(relay.authority)
            )
            assert "ok" in said
        name = f"{os.uname().nodename.split('.')[0].lower()}.local"

        def found() -> str:
            return computer.addresses_of(name, "10.79.1.1")

        wait_until(lambda: {"10.79.1.1", "fd00:79::1"} <= set(found().split()), 30, found)
